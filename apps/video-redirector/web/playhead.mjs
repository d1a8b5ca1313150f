/** Media that is bought in advance, in seconds of watching. */
const AHEAD = 8;
const KEPT_BEHIND = 5;
/** A range that ends within this has nothing more to show. */
const EDGE = 0.12;
/** A decoder keeps its last pictures until more comes; a busy one has stopped that much earlier. */
const STUCK_EDGE = 1;
/** Breaks that are no gaps of the recording: the grid of keyframes at high speed. */
const GAP = 5;

/**
 * Decides where a player of a recording goes on. Media time is the time of the recording, counted from where the playback began,
 * so what was not recorded is a hole between two ranges: it is jumped over.
 */
export class Playhead {
  /** Milliseconds since 1970 of media time zero. */
  epochMs = 0;

  /** @param {number} seconds media time @returns {number} milliseconds since 1970 */
  recordedAt(seconds) {
    return this.epochMs + seconds * 1000;
  }

  /**
   * @param {readonly [start: number, end: number][]} ranges what is buffered, seconds
   * @param {number} current
   * @param {boolean} [isStuck] the picture has not moved for a while
   * @returns {{ seek: number, skipped: boolean } | undefined} where to jump; `skipped` is a gap that a person should hear of
   */
  jump(ranges, current, isStuck = false) {
    const edge = isStuck ? STUCK_EDGE : EDGE;
    const isInside = ranges.some(([start, end]) => current >= start - 0.01 && current < end - edge);
    const next = ranges.find(([start]) => start > current);
    if (isInside || !next) return undefined;
    return { seek: next[0] + 0.001, skipped: next[0] - current > GAP };
  }

  /**
   * @param {readonly [start: number, end: number][]} ranges
   * @param {number} current
   * @param {number} rate speed of watching
   * @returns {boolean} whether more is taken in; else the device waits
   */
  isHungry(ranges, current, rate) {
    const held = ranges.reduce((sum, [start, end]) => sum + Math.max(0, end - Math.max(start, current)), 0);
    return held < AHEAD * Math.max(1, rate);
  }

  /**
   * @param {readonly [start: number, end: number][]} ranges
   * @param {number} current
   * @returns {boolean}
   */
  isAtEnd(ranges, current) {
    const last = ranges.at(-1);
    return last !== undefined && current >= last[1] - EDGE;
  }

  /**
   * @param {readonly [start: number, end: number][]} ranges
   * @param {number} current
   * @returns {number} what lies before it can be forgotten; 0 for nothing
   */
  forgets(ranges, current) {
    const first = ranges[0];
    return first && current - first[0] > 2 * KEPT_BEHIND ? current - KEPT_BEHIND : 0;
  }
}

/**
 * The usage in a view ticket. It only chooses the player: the redirector judges the ticket.
 * @param {string} ticket
 * @returns {string}
 */
export function usageOf(ticket) {
  try {
    const payload = (ticket.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/');
    return String(JSON.parse(atob(payload)).usage ?? 'live');
  } catch {
    return 'live';
  }
}
