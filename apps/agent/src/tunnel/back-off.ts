export interface BackOffPolicy {
  /** Upper bound of the first wait; it doubles with each failure. */
  readonly baseMs: number;
  /** Cap while the trouble is younger than `earlyMs`: a broker that restarts is found again at once. */
  readonly earlyCapMs: number;
  readonly earlyMs: number;
  readonly capMs: number;
}

/** A broker that is back has its sites back within 5 s: the wait, and what connecting takes. */
export const RECONNECT_POLICY: BackOffPolicy = { baseMs: 500, earlyCapMs: 4_000, earlyMs: 60_000, capMs: 60_000 };

/** Full jitter: each wait is uniform between nothing and a bound that doubles up to the cap in force. */
export class BackOff {
  private failures = 0;
  private since: number | undefined;

  constructor(
    private readonly policy: BackOffPolicy = RECONNECT_POLICY,
    /** Steady ms. */
    private readonly clock: () => number = () => performance.now(),
    /** Uniform in [0, 1). */
    private readonly random: () => number = Math.random,
  ) {}

  /** The wait before the next attempt, after one more failure. */
  nextMs(): number {
    const { baseMs, earlyCapMs, earlyMs, capMs } = this.policy;
    const now = this.clock();
    this.since ??= now;
    const cap = now - this.since < earlyMs ? earlyCapMs : capMs;
    const bound = Math.min(cap, baseMs * 2 ** Math.min(this.failures, 30));
    this.failures += 1;
    return Math.round(this.random() * bound);
  }

  reset(): void {
    this.failures = 0;
    this.since = undefined;
  }
}
