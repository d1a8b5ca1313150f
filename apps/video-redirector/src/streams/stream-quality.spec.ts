import { StreamQuality } from './stream-quality.js';

describe('the quality of a stream', () => {
  let now = 0;
  let quality: StreamQuality;

  beforeEach(() => {
    now = 0;
    quality = new StreamQuality(() => now);
  });

  it('is unknown where nobody watches', () => {
    quality.delay(20);
    expect(quality.figures()).toBeUndefined();
  });

  it('sums up what viewers have had, and how it was', () => {
    for (const ms of [10, 20, 900]) {
      quality.started();
      quality.firstFrame(ms);
    }
    for (let second = 0; second < 120; second += 1) {
      now += 1_000;
      quality.watched(1_000, second >= 30 && second < 33);
      quality.delay(second);
    }
    expect(quality.figures()).toMatchObject({
      viewersStarted: 3,
      firstFrameMs: { p50: 20, p95: 900 },
      watchedSeconds: 120,
      stalledSeconds: 3,
      delayMs: { p50: 60, p95: 114 },
    });
  });

  it('forgets what was ten minutes ago, and holds no more than a limit', () => {
    quality.started();
    for (let n = 0; n < 10_000; n += 1) quality.firstFrame(n);
    expect(quality.figures()?.firstFrameMs).toEqual({ p50: 100, p95: 190 });
    now = 10 * 60_000;
    expect(quality.figures()).toBeUndefined();
  });
});
