/** More than this is not caught up with after a pause: a rate is not a debt. */
const MAX_BEHIND_MS = 1_000;

/** Says how many of something are due, so that a rate holds on average whatever the timer does. */
export class Pacer {
  constructor() {
    this.perSecond = 0;
    this.lastMs = 0;
    this.owed = 0;
  }

  /**
   * @param {number} perSecond
   * @param {number} nowMs steady
   */
  set(perSecond, nowMs) {
    this.perSecond = perSecond;
    this.lastMs = nowMs;
    this.owed = 0;
  }

  /**
   * @param {number} nowMs steady
   * @returns {number} how many since the last call
   */
  due(nowMs) {
    this.owed += (Math.min(nowMs - this.lastMs, MAX_BEHIND_MS) * this.perSecond) / 1_000;
    this.lastMs = nowMs;
    const whole = Math.floor(this.owed);
    this.owed -= whole;
    return whole;
  }
}
