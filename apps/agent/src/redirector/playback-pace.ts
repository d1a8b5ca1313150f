const BITS = 8;
/** What recordings may still take while live video is in trouble: the recording device's session stays alive. */
const TRICKLE_BITS = 64e3;
const BURST_MS = 500;
const LEAST_BURST_BYTES = 32 << 10;
const WINDOW_MS = 2_000;
const TAKEN_MS = 1_000;
/** After live video was in trouble recordings begin with this part of what they took before, and grow by a quarter a second. */
const RESTART = 0.5;
const GROWTH = 0.25;
/** No longer a limit that anybody would feel. */
const NO_LIMIT_BITS = 1e9;

/** What all recordings of a line together may read: no more than their share, and little while live video is in trouble. */
export class PlaybackPace {
  #tokens = 0;
  #filledAt: number;
  /** Bytes of the last seconds, decaying. */
  #recent = 0;
  /** Bits per second that live video was seen to bear beside it; Infinity while nothing is known. */
  #borne = Number.POSITIVE_INFINITY;
  #wasStrained = false;
  #sharedOutAt = -Infinity;

  constructor(private readonly now: () => number = () => performance.now()) {
    this.#filledAt = now();
  }

  spend(bytes: number): void {
    this.#tokens -= bytes;
    this.#recent += bytes;
  }

  /** The share was not enough for those who read, just now. */
  get isShareTaken(): boolean {
    return this.now() - this.#sharedOutAt < TAKEN_MS;
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
    this.#learn(isLiveStrained, ms);
    this.#recent *= Math.exp(-ms / WINDOW_MS);
    const rate = Math.min(share, isLiveStrained ? TRICKLE_BITS : this.#borne);
    const bytesPerMs = rate / BITS / 1_000;
    const most = Math.max(bytesPerMs * BURST_MS, LEAST_BURST_BYTES);
    this.#tokens = rate === Number.POSITIVE_INFINITY ? 0 : Math.min(this.#tokens + bytesPerMs * ms, most);
    const isSpent = this.#tokens < 0;
    if (isSpent && rate === share) this.#sharedOutAt = now;
    return isSpent;
  }

  #learn(isLiveStrained: boolean, ms: number): void {
    if (isLiveStrained && !this.#wasStrained) this.#borne = Math.max(this.bitsPerSecond * RESTART, TRICKLE_BITS);
    if (!isLiveStrained) this.#borne *= 1 + (GROWTH * ms) / 1_000;
    if (this.#borne > NO_LIMIT_BITS) this.#borne = Number.POSITIVE_INFINITY;
    this.#wasStrained = isLiveStrained;
  }
}
