/** Rates are those of the last one or two such times, or of a few round trips. */
const MEMORY_MS = 500;
const MEMORY_ROUND_TRIPS = 5;

/** The greatest of spans of time. */
class RecentMax {
  private best = 0;
  private before = 0;
  private beforeThat = 0;

  constructor(private sinceMs: number) {}

  /** Of this span and the last. */
  get value(): number {
    return Math.max(this.best, this.before);
  }

  /** What each of the last two whole spans reached. */
  get steady(): number {
    return Math.min(this.before, this.beforeThat);
  }

  note(value: number, nowMs: number, spanMs: number): void {
    if (nowMs - this.sinceMs > spanMs) {
      this.beforeThat = this.before;
      this.before = this.best;
      this.best = 0;
      this.sinceMs = nowMs;
    }
    this.best = Math.max(this.best, value);
  }
}

/** What a path delivers, and in what bursts it says so, after BBR (draft-ietf-ccwg-bbr, sections 5.5.8 and 5.5.9). */
export class DeliveryRate {
  private readonly rates: RecentMax;
  private readonly bursts: RecentMax;
  private burstSinceMs: number;
  private burstBytes = 0;

  constructor(nowMs: number) {
    this.rates = new RecentMax(nowMs);
    this.bursts = new RecentMax(nowMs);
    this.burstSinceMs = nowMs;
  }

  /** Bytes per ms; 0 while unknown. */
  get value(): number {
    return this.rates.value;
  }

  /**
   * Bytes that come at once, again and again, beyond what the rate explains: turns of busy event loops, acknowledgements
   * held back. One that comes once is a stall, for which nothing should queue.
   */
  get burst(): number {
    return this.bursts.steady;
  }

  /** @param bytesPerMs of one flight */
  sample(bytesPerMs: number, nowMs: number, minRttMs: number): void {
    this.rates.note(bytesPerMs, nowMs, spanMs(minRttMs));
  }

  /** Bytes were acknowledged. */
  acked(bytes: number, nowMs: number, minRttMs: number): void {
    const explained = this.value * (nowMs - this.burstSinceMs);
    // One that a steady path never makes up for would be remembered for ever.
    if (this.burstBytes <= explained || nowMs - this.burstSinceMs > spanMs(minRttMs)) {
      this.burstSinceMs = nowMs;
      this.burstBytes = 0;
    }
    this.burstBytes += bytes;
    const beyond = this.burstBytes - this.value * (nowMs - this.burstSinceMs);
    this.bursts.note(beyond, nowMs, spanMs(minRttMs));
  }
}

function spanMs(minRttMs: number): number {
  return Number.isFinite(minRttMs) ? Math.max(MEMORY_MS, MEMORY_ROUND_TRIPS * minRttMs) : MEMORY_MS;
}
