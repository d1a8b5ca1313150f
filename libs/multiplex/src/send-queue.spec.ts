import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { SendBudget } from './send-budget.js';
import { SendQueue } from './send-queue.js';
import { SEND_SLABS, SlabPool } from './slab-pool.js';

function held(queue: SendQueue, offset: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  queue.copyTo(bytes, 0, offset, length);
  return bytes;
}

describe('the queue of a sending direction', () => {
  it('holds what was appended and not released, whatever the sizes', () => {
    const sizes = fc.array(
      fc.record({ append: fc.integer({ min: 0, max: 50_000 }), release: fc.integer({ min: 0, max: 60_000 }) }),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(sizes, (steps) => {
        const budget = new SendBudget(2 ** 40);
        const queue = new SendQueue(budget);
        let all = Buffer.alloc(0);
        let released = 0;
        for (const step of steps) {
          const chunk = randomBytes(step.append);
          all = Buffer.concat([all, chunk]);
          queue.append(chunk);
          released = Math.min(all.length, released + step.release);
          queue.release(released);
          expect(queue.endBytes).toBe(all.length);
          expect(held(queue, released, all.length - released).equals(all.subarray(released))).toBe(true);
          expect(budget.usedBytes).toBeLessThanOrEqual(all.length - released + 2 * SEND_SLABS.slabBytes);
        }
        queue.clear();
        expect(budget.usedBytes).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  it('copies: a chunk may be changed once it was appended', () => {
    const queue = new SendQueue(new SendBudget(2 ** 20));
    const chunk = Buffer.from('before');
    queue.append(chunk);
    chunk.fill('x');
    expect(held(queue, 0, 6).toString()).toBe('before');
  });

  it('holds no slab when all is released, and refuses what it does not hold', () => {
    const budget = new SendBudget(2 ** 20);
    const queue = new SendQueue(budget);
    queue.append(Buffer.alloc(100));
    queue.release(100);
    expect(budget.usedBytes).toBe(0);
    expect(() => held(queue, 0, 1)).toThrow(RangeError);
  });
});

describe('a pool of slabs', () => {
  it('gives again what was returned, and keeps no more than it may', () => {
    const pool = new SlabPool(1_024, 2_048);
    const slabs = [pool.take(), pool.take(), pool.take()];
    for (const slab of slabs) pool.give(slab);
    expect(pool.freeBytes).toBe(2_048);
    expect(slabs).toContain(pool.take());
  });
});
