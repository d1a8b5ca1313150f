/** An acknowledgement costs the redirector about as much as a unit does; later than this is well within what it allows. */
const APART_MS = 100;

/** Decides when a player tells what it has taken in: one acknowledgement stands for all before it. */
export class Acknowledger {
  #toldAt = -Infinity;
  /** @type {number | undefined} */
  #untold;

  /**
   * @param {number} number of the unit taken in last
   * @param {number} nowMs
   * @param {boolean} [isAlone] nobody will ask for what is due, as with the timers of a page that is not seen
   * @returns {number | undefined} what to acknowledge now
   */
  taken(number, nowMs, isAlone = false) {
    this.#untold = number;
    return isAlone ? this.#tell(nowMs) : this.due(nowMs);
  }

  /**
   * Asked now and then, so that the last units before a pause are acknowledged as well.
   * @param {number} nowMs
   * @returns {number | undefined}
   */
  due(nowMs) {
    return nowMs - this.#toldAt < APART_MS ? undefined : this.#tell(nowMs);
  }

  /** @param {number} nowMs */
  #tell(nowMs) {
    const number = this.#untold;
    this.#untold = undefined;
    if (number !== undefined) this.#toldAt = nowMs;
    return number;
  }
}
