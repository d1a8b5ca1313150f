/** Tries to stop a camera whose device fails. */
const STOP_TRIES = 5;
const RETRY_MS = 1_000;

/** Stops a camera whose mover has gone silent: a lost connection must not leave it turning. */
export class MoveWatch {
  #timer: NodeJS.Timeout | undefined;
  #tries = 0;

  constructor(
    private readonly leaseMs: number,
    /** @returns whether the camera has stopped */
    private readonly stop: () => Promise<boolean>,
  ) {}

  get isMoving(): boolean {
    return this.#timer !== undefined;
  }

  /** It moves: the next word is due within the lease. */
  renew(): void {
    this.#tries = 0;
    this.#arm(this.leaseMs);
  }

  /** Before a command that ends the movement. @returns called when it did: ends the watch unless a move came meanwhile */
  settling(): () => void {
    const timer = this.#timer;
    return () => {
      if (timer === this.#timer) this.end();
    };
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #arm(ms: number): void {
    clearTimeout(this.#timer);
    const timer = setTimeout(() => void this.#expire(timer), ms);
    this.#timer = timer;
  }

  async #expire(mine: NodeJS.Timeout): Promise<void> {
    this.#tries += 1;
    const hasStopped = await this.stop();
    // Somebody may have moved it on meanwhile.
    if (this.#timer !== mine) return;
    if (hasStopped || this.#tries >= STOP_TRIES) this.end();
    else this.#arm(RETRY_MS);
  }
}
