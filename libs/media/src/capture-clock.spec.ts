import { CaptureClock } from './capture-clock.js';

describe('CaptureClock', () => {
  it('believes a clock that agrees with this one', () => {
    const clock = new CaptureClock();
    expect(clock.capturedMs(1_000_000_000, 1_000_040, true)).toBe(1_000_000);
  });

  it('takes the fastest unit as the zero of a clock that does not', () => {
    const clock = new CaptureClock();
    clock.capturedMs(1_000_000_000, 9_000_100, true);
    clock.capturedMs(1_040_000_000, 9_040_030, true);
    expect(clock.capturedMs(1_080_000_000, 9_080_060, true)).toBe(9_080_030);
  });
});
