import { instant, localTime, parseDuration, relative } from './time.js';

const NOW = Date.parse('2026-11-25T12:00:00Z');
const DAY = 86_400_000;

describe('times for people', () => {
  it.each([
    [-500, 'now'],
    [-42_000, '42 s ago'],
    [-185_000, '3 min ago'],
    [-(2 * 3_600_000 + 5 * 60_000), '2 h 5 min ago'],
    [12 * 3_600_000 - 1_000, 'in 11 h 59 min'],
    [7 * DAY - 1_000, 'in 6 d 23 h'],
    [90 * DAY, 'in 90 d'],
  ])('%d ms from now is %s', (ms, text) => {
    expect(relative(new Date(NOW + ms).toISOString(), NOW)).toBe(text);
  });

  it('shows what is no time as it is, and what never was as a dash', () => {
    expect([relative(null), relative(undefined), relative('soon'), instant(null)]).toEqual(['-', '-', 'soon', '-']);
  });

  it('names the instant beside it', () => {
    const at = new Date(NOW - 60_000);
    expect(instant(at.toISOString(), NOW)).toBe(`${localTime(at)} (1 min ago)`);
  });
});

it.each([
  ['90s', 90],
  ['30m', 1_800],
  ['12h', 43_200],
  ['7d', 604_800],
  ['7', undefined],
  ['1.5h', undefined],
  ['-3d', undefined],
  ['9999999d', undefined],
])('a time of %s is %p seconds', (text, seconds) => expect(parseDuration(text)).toBe(seconds));
