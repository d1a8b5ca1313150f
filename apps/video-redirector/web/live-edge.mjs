/** Behind the last frame by more than this, the player jumps. Seconds. */
const JUMP = 1.5;
/** Behind by this much more than the cushion, it plays faster. */
const SLACK = 0.1;
const FASTEST = 1.25;
const FIRST_CUSHION = 0.1;
const WIDEST_CUSHION = 0.6;
/** The cushion grows by this with every stall, and shrinks by the same when none came for a while. */
const CUSHION_STEP = 0.05;
const CALM_MS = 20_000;

/**
 * Keeps a player at the live edge, so that its delay never grows: small lags are played away, larger ones are jumped over.
 * The cushion of frames ahead follows the network: it grows when the player has run dry.
 */
export class LiveEdge {
  cushion = FIRST_CUSHION;
  #calmSince = 0;

  /**
   * @param {number} nowMs the player has run dry
   */
  stalled(nowMs) {
    this.cushion = Math.min(WIDEST_CUSHION, this.cushion + CUSHION_STEP);
    this.#calmSince = nowMs;
  }

  /**
   * @param {readonly [start: number, end: number][]} ranges what is buffered, seconds
   * @param {number} current where the player is
   * @param {number} nowMs
   * @returns {{ seek?: number, rate: number }}
   */
  steer(ranges, current, nowMs) {
    if (nowMs - this.#calmSince > CALM_MS) {
      this.cushion = Math.max(FIRST_CUSHION, this.cushion - CUSHION_STEP);
      this.#calmSince = nowMs;
    }
    const last = ranges.at(-1);
    if (!last) return { rate: 1 };
    const [start, end] = last;
    const ahead = end - current;
    if (current < start || ahead < -0.5 || ahead > this.cushion + JUMP) {
      return { seek: Math.max(start, end - this.cushion), rate: 1 };
    }
    const late = ahead - this.cushion - SLACK;
    return { rate: late > 0 ? Math.min(FASTEST, 1.05 + late / 4) : 1 };
  }
}
