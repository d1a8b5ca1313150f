export interface Passage {
  /** Who gives up waiting; what is under way is not ended by it. */
  signal?: AbortSignal;
  /** The place is given on after this time even if the work goes on: it waits for somebody else then, not for this process. */
  holdMs?: number;
}

/**
 * Lets so many do something costly at once, the others in the order of their coming. When all sites come back together,
 * few are served well at a time, where all at once would each run into their time limits.
 */
export class Turnstile {
  private free: number;
  private readonly waiting: (() => void)[] = [];

  /** @param places at least 1 */
  constructor(places: number) {
    this.free = places;
  }

  /** Rejects as `work` does, or with the signal's reason when that aborts before there is a place. */
  async pass<T>(work: () => Promise<T>, { signal, holdMs }: Passage = {}): Promise<T> {
    await this.enter(signal);
    let isInside = true;
    const leave = (): void => {
      if (!isInside) return;
      isInside = false;
      this.giveOn();
    };
    const timer = holdMs === undefined ? undefined : setTimeout(leave, holdMs);
    try {
      return await work();
    } finally {
      clearTimeout(timer);
      leave();
    }
  }

  private async enter(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    if (this.free > 0) {
      this.free -= 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const turn = (): void => {
        signal?.removeEventListener('abort', giveUp);
        resolve();
      };
      const giveUp = (): void => {
        this.waiting.splice(this.waiting.indexOf(turn), 1);
        reject(signal?.reason as Error);
      };
      signal?.addEventListener('abort', giveUp, { once: true });
      this.waiting.push(turn);
    });
  }

  /** The place goes to whoever waits longest, without becoming free in between. */
  private giveOn(): void {
    const next = this.waiting.shift();
    if (next === undefined) this.free += 1;
    else next();
  }
}
