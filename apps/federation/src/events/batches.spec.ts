import { setTimeout as delay } from 'node:timers/promises';
import { inBatches, type BatchLimits } from './batches.js';

const LIMITS: BatchLimits = { most: 3, mostBytes: 100, settleMs: 20 };

const collect = async (source: AsyncIterable<number>, limits: Partial<BatchLimits> = {}): Promise<number[][]> => {
  const batches: number[][] = [];
  for await (const batch of inBatches(source, (item) => item, { ...LIMITS, ...limits })) batches.push(batch);
  return batches;
};

async function* numbers(...items: (number | 'pause' | 'fail')[]): AsyncGenerator<number> {
  for (const item of items) {
    if (item === 'fail') throw new Error('broken');
    if (item === 'pause') await delay(60);
    else yield item;
  }
}

describe('inBatches', () => {
  it.each<[string, (number | 'pause')[], Partial<BatchLimits>, number[][]]>([
    ['nothing', [], {}, []],
    [
      'all that is there, up to the most',
      [1, 2, 3, 4, 5],
      {},
      [
        [1, 2, 3],
        [4, 5],
      ],
    ],
    ['up to the bytes, and one item at least', [60, 60, 200, 1], {}, [[60, 60], [200], [1]]],
    ['what came before a pause', [1, 2, 'pause', 3], {}, [[1, 2], [3]]],
  ])('gives %s', async (_what, items, limits, expected) => {
    expect(await collect(numbers(...items), limits)).toEqual(expected);
  });

  it('gives what came before an error first, and then the error', async () => {
    const batches: number[][] = [];
    const run = async (): Promise<void> => {
      for await (const batch of inBatches(numbers(1, 2, 'fail'), () => 1, LIMITS)) batches.push(batch);
    };
    await expect(run()).rejects.toThrow('broken');
    expect(batches).toEqual([[1, 2]]);
  });

  it('asks for one more item at most while a batch is taken', async () => {
    let asked = 0;
    async function* endless(): AsyncGenerator<number> {
      for (;;) yield ++asked;
    }
    for await (const batch of inBatches(endless(), () => 1, LIMITS)) {
      await delay(20);
      expect(batch).toEqual([1, 2, 3]);
      expect(asked).toBe(4);
      break;
    }
  });
});
