/** What is recorded, from its first to its last moment, in milliseconds since 1970. */
export interface RecordedRange {
  fromMs: number;
  toMs: number;
}

const instant = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})(\.\d{1,9})?Z$/;

/** UTC as RTSP writes it (RFC 2326 section 3.7), in milliseconds since 1970; undefined for anything else. */
export function parseClock(text: string): number | undefined {
  const match = instant.exec(text.trim());
  if (!match) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number);
  const ms = Date.UTC(year, month - 1, day, hour, minute, second);
  const valid = new Date(ms).toISOString().startsWith(`${match[1]}-${match[2]}-${match[3]}T${match[4]}:${match[5]}`);
  return valid ? ms + Number(`0${match[7] ?? ''}`) * 1000 : undefined;
}

/** `20260131T120000.250Z` */
export function formatClock(ms: number): string {
  return new Date(ms).toISOString().replace(/[-:]/g, '');
}

/** Values of `a=range` for a recording: absolute time first, then seconds from its beginning, which is all that some players read. */
export function rangeLines({ fromMs, toMs }: RecordedRange): string[] {
  const seconds = Math.max(0, (toMs - fromMs) / 1000).toFixed(3);
  return [`clock=${formatClock(fromMs)}-${formatClock(toMs)}`, `npt=0-${seconds}`];
}

/** Reads a finite `a=range` in absolute time; undefined for any other. */
export function parseRecordedRange(value: string): RecordedRange | undefined {
  const [from, to] = /^clock=([^-]+)-(\S+)$/i.exec(value.trim())?.slice(1).map(parseClock) ?? [];
  return from !== undefined && to !== undefined && to >= from ? { fromMs: from, toMs: to } : undefined;
}

export type RangeFault = 'malformed' | 'outside';

export interface ReadRange {
  /** In absolute time when it could be told, else as it came. */
  value: string;
  fault?: RangeFault;
}

/**
 * Reads the Range of a PLAY, which may run backwards. Seconds count from the beginning of what is recorded and become absolute times, because
 * a recording device need not know them. `outside` is a range that has no moment of `recorded` in it.
 */
export function readRange(value: string, recorded: RecordedRange | undefined, backwards: boolean): ReadRange {
  const [unit = '', span = ''] = splitOnce(value.split(';')[0]?.trim() ?? '', '=');
  if (/^npt$/i.test(unit)) return readSeconds(value, span, recorded);
  if (!/^clock$/i.test(unit)) return { value };
  const [first = '', last = ''] = splitOnce(span, '-');
  const from = first.trim() === '' ? undefined : parseClock(first);
  const to = last.trim() === '' ? undefined : parseClock(last);
  if ((from === undefined && first.trim() !== '') || (to === undefined && last.trim() !== '')) return malformed(value);
  if (from === undefined && to === undefined) return malformed(value);
  return isOutside({ from, to }, recorded, backwards) ? { value, fault: 'outside' } : { value };
}

function isOutside(
  { from, to }: { from: number | undefined; to: number | undefined },
  recorded: RecordedRange | undefined,
  backwards: boolean,
): boolean {
  if (!recorded) return false;
  const ends = [from ?? (backwards ? Infinity : -Infinity), to ?? (backwards ? -Infinity : Infinity)];
  return Math.min(...ends) > recorded.toMs || Math.max(...ends) < recorded.fromMs;
}

function readSeconds(value: string, span: string, recorded: RecordedRange | undefined): ReadRange {
  const match = /^(now|\d{1,9}(?:\.\d{1,9})?)?-(\d{1,9}(?:\.\d{1,9})?)?$/i.exec(span.replace(/\s/g, ''));
  if (!match) return malformed(value);
  if (!recorded || match[1]?.toLowerCase() === 'now') return { value };
  const at = (seconds: string): number => recorded.fromMs + Number(seconds) * 1000;
  const from = at(match[1] ?? '0');
  if (from > recorded.toMs) return { value, fault: 'outside' };
  return { value: `clock=${formatClock(from)}-${match[2] === undefined ? '' : formatClock(at(match[2]))}` };
}

function malformed(value: string): ReadRange {
  return { value, fault: 'malformed' };
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
