import { GIVE_UP_SECONDS, retryAfter } from './retry-schedule.js';

const middle = (): number => 0.5;

describe('the wait for another attempt', () => {
  it('grows to four hours and ends after a day', () => {
    const waits: number[] = [];
    let age = 0;
    for (let attempts = 1; ; attempts++) {
      const wait = retryAfter(attempts, age, 0, middle);
      if (wait === null) break;
      waits.push(wait);
      age += wait;
    }
    expect(waits.slice(0, 4)).toEqual([5, 15, 45, 135]);
    expect(Math.max(...waits)).toBe(14_400);
    expect(age).toBeLessThanOrEqual(GIVE_UP_SECONDS);
    expect(age).toBeGreaterThan(GIVE_UP_SECONDS - 14_400);
  });

  it('varies by a fifth', () => {
    expect(retryAfter(1, 0, 0, () => 0)).toBeCloseTo(4);
    expect(retryAfter(1, 0, 0, () => 1)).toBeCloseTo(6);
  });

  it('is at least what the receiver asks for, within reason', () => {
    expect(retryAfter(1, 0, 60, middle)).toBe(60);
    expect(retryAfter(1, 0, 1e9, middle)).toBe(14_400);
  });
});
