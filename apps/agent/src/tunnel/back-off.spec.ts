import { BackOff, RECONNECT_POLICY } from './back-off.js';

const bounds = (backOff: BackOff, count: number): number[] => Array.from({ length: count }, () => backOff.nextMs());

describe('BackOff', () => {
  it('doubles its bound up to four seconds within the first minute', () => {
    const backOff = new BackOff(
      RECONNECT_POLICY,
      () => 0,
      () => 1,
    );
    expect(bounds(backOff, 7)).toEqual([500, 1_000, 2_000, 4_000, 4_000, 4_000, 4_000]);
  });

  it('goes up to a minute once the trouble lasts longer', () => {
    let now = 0;
    const backOff = new BackOff(
      RECONNECT_POLICY,
      () => now,
      () => 1,
    );
    bounds(backOff, 6);
    now = 60_000;
    expect(bounds(backOff, 3)).toEqual([32_000, 60_000, 60_000]);
  });

  it('draws each wait from the whole range below its bound', () => {
    const draws = [0, 0.5, 0.999];
    const backOff = new BackOff(
      RECONNECT_POLICY,
      () => 0,
      () => draws.shift() ?? 0,
    );
    expect(bounds(backOff, 3)).toEqual([0, 500, 1_998]);
  });

  it('begins anew after a reset, its minute included', () => {
    let now = 0;
    const backOff = new BackOff(
      RECONNECT_POLICY,
      () => now,
      () => 1,
    );
    bounds(backOff, 9);
    now = 3_600_000;
    backOff.reset();
    expect(bounds(backOff, 2)).toEqual([500, 1_000]);
  });

  it('stays finite however long it fails', () => {
    const backOff = new BackOff(
      RECONNECT_POLICY,
      () => 0,
      () => 1,
    );
    expect(bounds(backOff, 5_000).every((waitMs) => waitMs <= 4_000)).toBe(true);
  });
});
