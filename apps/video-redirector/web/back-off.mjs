/** Waits between attempts: they double up to a limit, and each is drawn between its half and its whole. */
export class BackOff {
  #attempt = 0;

  /**
   * @param {{ firstMs?: number, maxMs?: number, random?: () => number }} [options]
   */
  constructor({ firstMs = 500, maxMs = 10_000, random = Math.random } = {}) {
    this.firstMs = firstMs;
    this.maxMs = maxMs;
    this.random = random;
  }

  /** @returns {number} milliseconds until the next attempt */
  next() {
    const whole = Math.min(this.maxMs, this.firstMs * 2 ** Math.min(this.#attempt, 20));
    this.#attempt += 1;
    return whole * (0.5 + this.random() / 2);
  }

  reset() {
    this.#attempt = 0;
  }
}
