import { SampleClock } from './sample-clock.js';

const times = (clock: SampleClock, stamps: [timestamp: number, key: boolean][]) =>
  stamps.map(([timestamp, key]) => clock.next(timestamp, key));

describe('SampleClock', () => {
  it('goes on over the wrap of the RTP timestamp', () => {
    const made = times(new SampleClock(90_000, 0, 3600), [
      [2 ** 32 - 3600, true],
      [0, false],
      [3600, false],
    ]);
    expect(made.map(({ presentation }) => presentation)).toEqual([0, 3600, 7200]);
    expect(made.map(({ decode }) => decode)).toEqual([0, 3600, 7200]);
  });

  it('never lets decoding time jump by two durations within a group of pictures, and catches up at a keyframe', () => {
    const made = times(new SampleClock(90_000, 0, 3600), [
      [0, true],
      [3600, false],
      [3600 * 10, false],
      [3600 * 11, true],
    ]);
    const steps = made.slice(1).map(({ decode }, index) => [decode - made[index].decode, made[index].duration]);
    for (const [step, duration] of steps.slice(0, 2)) expect(step).toBeLessThan(duration * 2);
    expect(made.map(({ presentation }) => presentation)).toEqual([0, 3600, 36_000, 39_600]);
    expect(made[3].decode).toBe(39_600);
  });

  it('steps over a broken clock', () => {
    const made = times(new SampleClock(90_000, 0, 3600), [
      [0, true],
      [3600, false],
      [2_000_000_000, false],
      [2_000_003_600, false],
      [5, false],
    ]);
    expect(made.map(({ presentation }) => presentation)).toEqual([0, 3600, 7200, 10_800, 14_400]);
  });
});
