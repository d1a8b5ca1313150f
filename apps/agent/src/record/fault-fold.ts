import type { Fault } from './record.entry.js';

/** The contract takes eight; the last place is for what finds none. */
const MAX_KINDS = 7;
export const OTHER_FAULTS = 'other-faults';
const MAX_CODE = 60;
const MAX_ENDPOINT = 300;
const MAX_DETAIL = 200;

export interface NewFault {
  code: string;
  /** `host:port`; empty for a fault of the site itself. */
  endpoint: string;
  detail: string;
}

/** One more fault: counted with its like (same code, same endpoint), of which the last detail is kept. */
export const withFault = (faults: readonly Fault[], fault: NewFault, at: string): Fault[] => {
  const code = fault.code.slice(0, MAX_CODE) || 'unknown';
  const endpoint = fault.endpoint.slice(0, MAX_ENDPOINT);
  const known = faults.find((one) => one.code === code && one.endpoint === endpoint);
  const other = faults.find((one) => one.code === OTHER_FAULTS);
  if (known !== undefined) return counted(faults, known, fault.detail, at);
  if (other !== undefined) return counted(faults, other, `${code} ${endpoint}`, at);
  const first = { count: 1, firstAt: at, lastAt: at };
  if (faults.length < MAX_KINDS) return [...faults, { code, endpoint, detail: plain(fault.detail), ...first }];
  return [...faults, { code: OTHER_FAULTS, endpoint: '', detail: plain(`${code} ${endpoint}`), ...first }];
};

const counted = (faults: readonly Fault[], one: Fault, detail: string, at: string): Fault[] =>
  faults.map((fault) =>
    fault === one ? { ...fault, detail: plain(detail), count: fault.count + 1, lastAt: at } : fault,
  );

/** Control characters would take six bytes each in a message of limited size; half a character is none. */
const plain = (text: string): string => Buffer.from(text.replace(/\p{Cc}+/gu, ' ').slice(0, MAX_DETAIL)).toString();
