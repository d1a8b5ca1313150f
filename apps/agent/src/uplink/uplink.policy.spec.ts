import { formatRate, rate } from './rate.js';
import { limitAt, uplinkPolicy } from './uplink.policy.js';
import { sharesOf } from './video-shares.js';

/** Monday is the 2nd; local time, whichever zone the machine is in. */
const on = (day: number, hours: number, minutes = 0): Date => new Date(2026, 10, day, hours, minutes);

describe('a rate', () => {
  it.each([
    ['10 Mbit/s', 10e6],
    ['10Mbit/s', 10e6],
    ['2.5 Mbit/s', 2.5e6],
    ['512 kbit/s', 512e3],
    ['unlimited', Number.POSITIVE_INFINITY],
  ])('may be written as %s', (text, bitsPerSecond) => {
    expect(rate.parse(text)).toBe(bitsPerSecond);
    expect(rate.parse(formatRate(bitsPerSecond))).toBe(bitsPerSecond);
  });

  it.each(['10', '10 mbit/s', '10 MB/s', '-1 Mbit/s', '1e3 kbit/s', '', '0 Mbit/s', '1000000 Mbit/s'])(
    'is not %p',
    (text) => expect(rate.safeParse(text).success).toBe(false),
  );
});

describe('the policy of an uplink', () => {
  const office = uplinkPolicy.parse({
    limit: '10 Mbit/s',
    schedule: [
      { days: ['sat', 'sun'], limit: 'unlimited' },
      { days: ['mon-fri'], from: '08:00', to: '18:00', limit: '5 Mbit/s' },
      { days: ['fri-mon'], from: '22:00', to: '06:00', limit: '50 Mbit/s' },
    ],
  });

  it.each([
    ['before work', on(2, 7, 59), 10e6, undefined],
    ['from its first minute', on(2, 8), 5e6, 1],
    ['to its last', on(6, 17, 59), 5e6, 1],
    ['not after', on(6, 18), 10e6, undefined],
    ['by the first line that fits', on(7, 12), Number.POSITIVE_INFINITY, 0],
    ['over midnight', on(3, 5, 59), 50e6, 2],
    ['past midnight only from a day that is named', on(4, 5), 10e6, undefined],
    ['by a range of days that goes round the week', on(2, 23), 50e6, 2],
  ])('holds %s', (_when, moment, bitsPerSecond, line) => {
    expect(limitAt(office, moment)).toEqual({ bitsPerSecond, line });
  });

  it('is one limit at all times without a schedule, and none without a limit', () => {
    expect(limitAt(uplinkPolicy.parse({ limit: '1 Mbit/s' }), on(2, 3)).bitsPerSecond).toBe(1e6);
    expect(limitAt(uplinkPolicy.parse({}), on(2, 3)).bitsPerSecond).toBe(Number.POSITIVE_INFINITY);
    const nights = uplinkPolicy.parse({ schedule: [{ from: '00:00', to: '06:00', limit: '1 Mbit/s' }] });
    expect(limitAt(nights, on(2, 6)).bitsPerSecond).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('what video may take of an uplink', () => {
  it.each([
    [{ live: '80 %', playback: '25%' }, 10e6, 8e6, 2.5e6],
    [{ live: '4 Mbit/s' }, 10e6, 4e6, Number.POSITIVE_INFINITY],
    [{ live: '80 %' }, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
    [{}, 1e6, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
  ])('is by %j of %d', (members, limit, live, playback) => {
    expect(sharesOf(uplinkPolicy.parse(members), limit)).toMatchObject({ live, playback });
  });

  it.each([{ live: '0 %' }, { live: '101 %' }, { playback: '80' }, { live: 80 }, { adaptive: ['low-res'] }])(
    'is not %j',
    (members) => expect(uplinkPolicy.safeParse(members).success).toBe(false),
  );
});
