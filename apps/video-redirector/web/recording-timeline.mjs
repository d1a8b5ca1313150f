/** Without a range of its own a recording is looked for in the last hour. */
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** @typedef {[fromMs: number, toMs: number, state: string]} Span */

/**
 * What the bar shows at first: all that is recorded, of long recordings the last day.
 * @param {{ fromMs?: number, toMs?: number }} recorded
 * @param {number} nowMs
 * @returns {{ from: number, to: number }}
 */
export function firstWindow({ fromMs, toMs }, nowMs) {
  const to = toMs ?? nowMs;
  const from = fromMs ?? to - HOUR;
  return { from: Math.max(from, to - DAY), to: Math.max(to, from + 1_000) };
}

/**
 * A place outside of what the bar shows moves it, by its own length.
 * @param {{ from: number, to: number }} shown
 * @param {number} atMs
 */
export function windowAround({ from, to }, atMs) {
  if (atMs >= from && atMs <= to) return { from, to };
  const half = Math.round((to - from) / 2);
  return { from: atMs - half, to: atMs + half };
}

/**
 * What can be played, in hundredths of the bar: everything that is not known to be empty.
 * @param {readonly Span[]} spans
 * @param {{ from: number, to: number }} shown
 * @returns {{ left: number, width: number, state: string }[]}
 */
export function bars(spans, { from, to }) {
  const share = (/** @type {number} */ ms) => (Math.min(Math.max(ms, from), to) - from) / ((to - from) / 100);
  return spans
    .filter(([start, end, state]) => state !== 'empty' && end > from && start < to)
    .map(([start, end, state]) => ({ left: share(start), width: share(end) - share(start), state }));
}

/** @param {number} ms since 1970 @returns {string} in the viewer's own time */
export function clockText(ms) {
  return new Date(ms).toLocaleString(undefined, { dateStyle: 'short', timeStyle: 'medium' });
}
