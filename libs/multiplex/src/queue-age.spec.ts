import { QueueAge } from './queue-age.js';

describe('the age of a queue', () => {
  it('is that of its oldest byte, to within 50 ms', () => {
    const age = new QueueAge();
    for (let now = 0; now < 300; now += 10) age.note((now + 10) * 100, 0, now);
    for (const [sent, queuedAt] of [
      [0, 0],
      [10_000, 100],
      [25_500, 250],
    ] as const) {
      expect(age.read(sent, 1_000)).toBeGreaterThanOrEqual(1_000 - queuedAt);
      expect(age.read(sent, 1_000)).toBeLessThanOrEqual(1_050 - queuedAt);
    }
  });

  it('begins anew after the queue was empty', () => {
    const age = new QueueAge();
    age.note(1_000, 0, 0);
    age.note(2_000, 1_000, 60_000);
    expect(age.read(1_000, 60_007)).toBe(7);
  });

  it('is not changed by a notice without new bytes', () => {
    const age = new QueueAge();
    age.note(1_000, 0, 0);
    age.note(1_000, 500, 9_000);
    expect(age.read(500, 10_000)).toBe(10_000);
  });

  it('of a queue that grows for a day is kept in a handful of marks, and never too small', () => {
    const age = new QueueAge();
    for (let now = 0; now < 86_400_000; now += 1_000) age.note(now + 1, 0, now);
    expect(age.read(0, 86_400_000)).toBe(86_400_000);
    const half = age.read(43_200_000, 86_400_000);
    expect(half).toBeGreaterThanOrEqual(43_200_000);
    expect(half).toBeLessThan(86_400_000);
    expect(JSON.stringify(age).length).toBeLessThan(300);
  });
});
