import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OPEN_CODES, RESET_CODES, SESSION_CODES } from './errors.js';
import {
  CHANNEL_CLASS,
  CLOSE_FIELDS,
  CODE_FIELDS,
  FEATURE,
  type FieldTable,
  FLAG_OPTIONAL,
  FRAME,
  GOAWAY_FIELDS,
  HEADER_BYTES,
  HELLO_FIELDS,
  MAX_CONTROL_PAYLOAD_BYTES,
  MAX_DATA_PAYLOAD_BYTES,
  OPEN_FIELDS,
  PROTOCOL_VERSION,
  WELCOME_FIELDS,
} from './frame.js';
import { CLASS_WEIGHT } from './send-order.js';

const SPEC = readFileSync(join(__dirname, '../SPEC.md'), 'utf8');

/** Cells of every table row between a heading and the next one. */
function rows(heading: string): string[][] {
  const start = SPEC.indexOf(`\n${heading}`);
  expect(start).toBeGreaterThan(0);
  const section = SPEC.slice(start + 1).split(/\n#{2,3} /)[0] ?? '';
  const table = section.split('\n').filter((line) => line.startsWith('| '));
  return table.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const codesOf = (heading: string): string[] =>
  rows(heading)
    .map(([code]) => code ?? '')
    .filter((code) => /^[a-z-]+$/.test(code) && !/^(-+|code)$/.test(code));

describe('the wire', () => {
  it('has these numbers for ever', () => {
    expect(FRAME).toEqual({
      HELLO: 1,
      WELCOME: 2,
      CLOSE: 3,
      GOAWAY: 4,
      PING: 5,
      PONG: 6,
      LANE_ACK: 7,
      RESUME_TABLE: 8,
      OPEN: 16,
      ACCEPT: 17,
      REFUSE: 18,
      DATA: 19,
      MAX_DATA: 20,
      FIN: 21,
      RESET: 22,
      STOP: 23,
      ACK: 24,
    });
    expect(CHANNEL_CLASS).toEqual({ control: 0, live: 1, events: 2, playback: 3, bulk: 4 });
    expect(FEATURE).toEqual({ LANES: 1, RESUME: 2, LANE_ACK: 4 });
    expect([PROTOCOL_VERSION, FLAG_OPTIONAL, HEADER_BYTES]).toEqual([1, 1, 18]);
    expect([MAX_CONTROL_PAYLOAD_BYTES, MAX_DATA_PAYLOAD_BYTES]).toEqual([4096, 65_536]);
  });

  it('has the frame types of SPEC.md', () => {
    const listed = rows('## 4. Frame types').filter(([type]) => type?.startsWith('0x'));
    expect(Object.fromEntries(listed.map((row) => [row[1] ?? '', Number(row[0])]))).toEqual(FRAME);
  });

  it('has the fields of SPEC.md', () => {
    const tables: Record<string, FieldTable> = {
      HELLO: HELLO_FIELDS,
      WELCOME: WELCOME_FIELDS,
      CLOSE: CLOSE_FIELDS,
      GOAWAY: GOAWAY_FIELDS,
      OPEN: OPEN_FIELDS,
      'REFUSE, RESET, STOP': CODE_FIELDS,
    };
    const coded = Object.entries(tables).flatMap(([frame, table]) =>
      Object.entries(table).map(([name, spec]) => [
        frame,
        String(spec.tag),
        name,
        spec.kind,
        String(spec.max),
        spec.required ? 'yes' : 'no',
      ]),
    );
    expect(rows('## 3. Fields').slice(2)).toEqual(coded);
  });

  it('has the classes and shares of SPEC.md', () => {
    const listed = rows('### 6.1 Scheduling classes').slice(2);
    expect(Object.fromEntries(listed.map(([number, name]) => [name, Number(number)]))).toEqual(CHANNEL_CLASS);
    expect(Object.fromEntries(listed.slice(1).map(([, name, share]) => [name, Number(share)]))).toEqual(CLASS_WEIGHT);
  });

  it('has the codes of SPEC.md', () => {
    expect(codesOf('### 7.1')).toEqual([...SESSION_CODES]);
    expect(codesOf('### 7.2')).toEqual([...OPEN_CODES]);
    expect(codesOf('### 7.3')).toEqual([...RESET_CODES]);
  });
});
