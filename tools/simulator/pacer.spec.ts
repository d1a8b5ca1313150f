import { Pacer } from './pacer.mjs';

describe('a pacer', () => {
  const sumOf = (perSecond: number, stepMs: number, forMs: number): number => {
    const pacer = new Pacer();
    pacer.set(perSecond, 0);
    let sum = 0;
    for (let nowMs = stepMs; nowMs <= forMs; nowMs += stepMs) sum += pacer.due(nowMs);
    return sum;
  };

  it.each([
    [200, 50],
    [7, 50],
    [0.5, 50],
    [1_000, 33],
  ])('keeps %d a second on average with a tick of %d ms', (perSecond, stepMs) => {
    expect(Math.abs(sumOf(perSecond, stepMs, 60_000) - perSecond * 60)).toBeLessThanOrEqual(
      Math.max(1, (perSecond * stepMs) / 1_000),
    );
  });

  it('has nothing due before it is told a rate', () => {
    expect(new Pacer().due(1_000)).toBe(0);
  });

  it('does not catch up with a long pause', () => {
    const pacer = new Pacer();
    pacer.set(100, 0);
    expect(pacer.due(60_000)).toBe(100);
  });
});
