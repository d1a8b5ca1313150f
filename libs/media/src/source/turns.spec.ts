import { Turns } from './turns.js';

describe('Turns', () => {
  const { signal } = new AbortController();

  it('lets the first begin at once and spaces out the others, in their order', async () => {
    const turns = new Turns(15);
    const order: number[] = [];
    const startedAt = performance.now();
    await turns.next(signal);
    expect(performance.now() - startedAt).toBeLessThan(10);
    await Promise.all([1, 2, 3, 4].map((index) => turns.next(signal).then(() => order.push(index))));
    expect(order).toEqual([1, 2, 3, 4]);
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(55);
  });

  it('ends the wait of one who gives up', async () => {
    const turns = new Turns(10_000);
    await turns.next(signal);
    await expect(turns.next(AbortSignal.timeout(10))).rejects.toMatchObject({ name: 'AbortError' });
  });
});
