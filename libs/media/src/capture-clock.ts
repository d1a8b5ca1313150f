/** Between sites and cloud a unit takes this long at most; clocks that say something else do not agree. */
const maxTransitMs = 5000;
const maxEarlyMs = 100;

/**
 * When a unit was captured, in this machine's clock. The capture time is of the site's clock, which may be wrong by any amount:
 * then the fastest unit seen counts as having taken no time.
 */
export class CaptureClock {
  #fastestMs = Infinity;

  /** Milliseconds since 1970. @param isLive it comes at once, not from a cache */
  capturedMs(captureUs: number, nowMs: number, isLive: boolean): number {
    const transit = nowMs - captureUs / 1000;
    if (isLive || this.#fastestMs === Infinity) this.#fastestMs = Math.min(this.#fastestMs, transit);
    const agrees = this.#fastestMs > -maxEarlyMs && this.#fastestMs < maxTransitMs;
    return captureUs / 1000 + (agrees ? 0 : this.#fastestMs);
  }
}
