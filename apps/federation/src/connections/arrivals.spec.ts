import { setImmediate as turn } from 'node:timers/promises';
import { arrivals } from './arrivals.js';

/** A source that is fed by hand. */
class Feed implements AsyncIterable<number> {
  read = 0;
  ended = false;
  readonly #items: number[] = [];
  #next: () => void = () => undefined;
  #failure: Error | undefined;
  #isOver = false;

  push(...items: number[]): void {
    this.#items.push(...items);
    this.#next();
  }

  end(failure?: Error): void {
    this.#failure = failure;
    this.#isOver = true;
    this.#next();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<number> {
    try {
      for (;;) {
        while (this.#items.length === 0 && !this.#isOver) await new Promise<void>((resolve) => (this.#next = resolve));
        const item = this.#items.shift();
        if (item === undefined) break;
        this.read++;
        yield item;
      }
      if (this.#failure) throw this.#failure;
    } finally {
      this.ended = true;
    }
  }
}

const settle = async (): Promise<void> => {
  for (let n = 0; n < 20; n++) await turn();
};

describe('arrivals', () => {
  it('hands out the first at once, and together what arrived meanwhile', async () => {
    const feed = new Feed();
    const lots = arrivals(feed, 100);
    const first = lots.next();
    await settle();
    feed.push(1);
    expect((await first).value).toEqual([1]);
    feed.push(2, 3, 4);
    await settle();
    expect((await lots.next()).value).toEqual([2, 3, 4]);
    feed.end();
    expect((await lots.next()).done).toBe(true);
  });

  it('reads no further ahead than it may, and loses nothing', async () => {
    const feed = new Feed();
    const all = Array.from({ length: 50 }, (_, n) => n);
    feed.push(...all);
    feed.end();
    const seen: number[] = [];
    for await (const lot of arrivals(feed, 4)) {
      expect(lot.length).toBeLessThanOrEqual(4);
      seen.push(...lot);
      await settle();
      expect(feed.read - seen.length).toBeLessThanOrEqual(4);
    }
    expect(seen).toEqual(all);
  });

  it('hands out what came before a failure, and then fails', async () => {
    const feed = new Feed();
    const lots = arrivals(feed, 100);
    feed.push(1, 2);
    feed.end(new Error('cut'));
    const seen: number[] = [];
    await expect(
      (async () => {
        for await (const lot of lots) seen.push(...lot);
      })(),
    ).rejects.toThrow('cut');
    expect(seen).toEqual([1, 2]);
  });

  it('lets a source go that it had let wait', async () => {
    const feed = new Feed();
    feed.push(1, 2, 3);
    for await (const _ of arrivals(feed, 1)) break;
    await settle();
    expect(feed.ended).toBe(true);
  });
});
