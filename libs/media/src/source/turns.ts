import { setTimeout as delay } from 'node:timers/promises';

/**
 * Spaces out what many want to begin at once, in the order in which they ask: cameras behind one switch or recorder do not
 * bear hundreds of connections in the same moment. Nobody waits for the others to finish: dead cameras hold up no one.
 */
export class Turns {
  #nextAt = 0;
  #before: Promise<unknown> = Promise.resolve();

  constructor(readonly spacingMs: number) {}

  /** Resolves when it is the caller's turn. Rejects with the reason of `signal` when that aborts first. */
  async next(signal: AbortSignal): Promise<void> {
    const now = performance.now();
    const at = Math.max(now, this.#nextAt);
    this.#nextAt = at + this.spacingMs;
    if (at <= now) return;
    // Timers of different lengths that are due together fire in any order.
    const before = this.#before;
    let resolve = (): void => undefined;
    this.#before = new Promise<void>((over) => (resolve = over));
    try {
      await delay(at - now, undefined, { signal });
      await before;
    } finally {
      resolve();
    }
  }
}
