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
    expect(rateOf(Number.POSITIVE_INFINITY, true)).toBeLessThan(0.4e6);
    expect(rateOf(Number.POSITIVE_INFINITY, true)).toBeGreaterThan(0.1e6);
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
