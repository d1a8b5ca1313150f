import { checkClock } from './clock.check.js';

const nowMs = Date.parse('2026-11-23T12:00:00Z');
const at = (offsetMs: number): Date => new Date(nowMs + offsetMs);
const MINUTE = 60_000;

it.each([
  ['agrees with all dates', { past: [at(-MINUTE)], future: [at(MINUTE)] }, 'clock-ok', 'ok'],
  ['has nothing to compare with', { past: [], future: [] }, 'clock-ok', 'ok'],
  ['lies before the making of a keyfile', { past: [at(10 * MINUTE)], future: [] }, 'clock-behind', 'failure'],
  ['lies after the end of a certificate', { past: [], future: [at(-MINUTE)] }, 'clock-ahead', 'failure'],
  ['differs by moments', { past: [], future: [], skewMs: 400 }, 'clock-ok', 'ok'],
  ['differs by half a minute', { past: [], future: [], skewMs: -30_000 }, 'clock-skewed', 'warning'],
  ['is ten minutes late', { past: [], future: [], skewMs: -10 * MINUTE }, 'clock-behind', 'failure'],
  ['is ten minutes early', { past: [], future: [], skewMs: 10 * MINUTE }, 'clock-ahead', 'failure'],
])('a clock that %s', (_what, evidence, code, level) => {
  expect(checkClock({ nowMs, ...evidence })).toMatchObject({ code, level });
});

it('says by how much a clock is wrong at least', () => {
  expect(checkClock({ nowMs, past: [at(3 * 3_600_000)], future: [] }).detail).toBe('at least 3 h behind the cloud');
});
