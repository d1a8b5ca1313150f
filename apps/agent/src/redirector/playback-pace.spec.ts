import { PlaybackPace } from './playback-pace.js';

describe('PlaybackPace', () => {
  /** A device that sends as much as it is let, 64 KiB at a time. @returns bits per second over ten seconds */
  const rateOf = (share: number, isLiveStrained: boolean): number => {
    let now = 0;
    let bytes = 0;
    const pace = new PlaybackPace(() => now);
    for (; now < 10_000; now += 100) {
      if (pace.isSpent(share, isLiveStrained)) continue;
      pace.spend(64 << 10);
      bytes += 64 << 10;
    }
    return bytes * 0.8;
  };

  it('holds recordings to their share', () => {
    expect(rateOf(2e6, false)).toBeGreaterThan(1.7e6);
    expect(rateOf(2e6, false)).toBeLessThan(2.2e6);
  });

  it('lets them go as they like without a share, and leaves a trickle while live video is in trouble', () => {
    expect(rateOf(Number.POSITIVE_INFINITY, false)).toBeGreaterThan(5e6);
    expect(rateOf(Number.POSITIVE_INFINITY, true)).toBeLessThan(0.2e6);
    expect(rateOf(Number.POSITIVE_INFINITY, true)).toBeGreaterThan(0.04e6);
  });

  it('goes on with half of what was too much, and grows from there', () => {
    let now = 0;
    const pace = new PlaybackPace(() => now);
    /** @returns bits per second of that time */
    const run = (ms: number, isLiveStrained: boolean): number => {
      let bytes = 0;
      for (const end = now + ms; now < end; now += 100) {
        if (pace.isSpent(Number.POSITIVE_INFINITY, isLiveStrained)) continue;
        pace.spend(50_000);
        bytes += 50_000;
      }
      return (bytes * 8_000) / ms;
    };
    const before = run(20_000, false);
    expect(before).toBeCloseTo(4e6, -5);
    run(5_000, true);
    const after = run(2_000, false);
    expect(after).toBeGreaterThan(1.5e6);
    expect(after).toBeLessThan(3.2e6);
    run(10_000, false);
    expect(run(5_000, false)).toBeCloseTo(4e6, -5);
  });

  it('knows what was taken lately', () => {
    let now = 0;
    const pace = new PlaybackPace(() => now);
    for (; now < 30_000; now += 100) {
      pace.isSpent(Number.POSITIVE_INFINITY, false);
      pace.spend(25_000);
    }
    expect(pace.bitsPerSecond / 2e6).toBeCloseTo(1, 1);
    now += 30_000;
    pace.isSpent(Number.POSITIVE_INFINITY, false);
    expect(pace.bitsPerSecond).toBeLessThan(0.02e6);
  });
});
