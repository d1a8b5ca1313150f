const BITS = 8;
/** What recordings may still take while live video is in trouble: the recording device's session stays alive. */
const TRICKLE_BITS = 256e3;
const BURST_MS = 500;
const LEAST_BURST_BYTES = 32 << 10;
const WINDOW_MS = 5_000;

/** What all recordings of a line together may read: no more than their share, and little while live video is in trouble. */
export class PlaybackPace {
  #tokens = 0;
  #filledAt: number;
  /** Bytes of the last seconds, decaying. */
  #recent = 0;

  constructor(private readonly now: () => number = () => performance.now()) {
    this.#filledAt = now();
  }

  spend(bytes: number): void {
    this.#tokens -= bytes;
    this.#recent += bytes;
  }

  /** Roughly over the last seconds. */
  get bitsPerSecond(): number {
    return (this.#recent * BITS * 1_000) / WINDOW_MS;
  }

  /**
   * Whether reading has to wait now; to be asked every 100 ms or so.
   * @param share bits per second, Infinity for no limit
   */
  isSpent(share: number, isLiveStrained: boolean): boolean {
    const now = this.now();
    const ms = now - this.#filledAt;
    this.#filledAt = now;
    this.#recent *= Math.exp(-ms / WINDOW_MS);
    const rate = isLiveStrained ? Math.min(share, TRICKLE_BITS) : share;
    const bytesPerMs = rate / BITS / 1_000;
    const most = Math.max(bytesPerMs * BURST_MS, LEAST_BURST_BYTES);
    this.#tokens = rate === Number.POSITIVE_INFINITY ? 0 : Math.min(this.#tokens + bytesPerMs * ms, most);
    return this.#tokens < 0;
  }
}
