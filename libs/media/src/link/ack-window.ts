import { RecentValues } from '../hub/recent-values.js';
import type { HopFigures } from './hop-figures.js';
import { runningMs } from '../running-clock.js';

export interface AckWindowOptions {
  /** Age of the oldest unacknowledged unit at which sending stops. */
  maxAckAgeMs: number;
  /** Unacknowledged bytes at which sending stops. */
  maxInFlightBytes: number;
}

/** How far beyond the limits sound is still sent beside a picture that is left out: it is small, and its loss is heard. */
export const soundPatience = 2.5;
/** Of `maxAckAgeMs`: units that take so much longer than the path does have queued. */
const LATE_SHARE = 0.5;
/** Of `maxAckAgeMs`: what is under way may take so long at the rate at which it is taken. */
const EXPECTED_SHARE = 1.5;
/** Of all under way: a smaller unit tells nothing of the rate by not having arrived. */
const TELLING_SHARE = 0.25;
/** The rate is that of about so long a time under load. */
const RATE_MS = 1000;
/** A path that has become longer is believed by and by: share of the difference for each unit. */
const LONGER_SHARE = 0.001;

/**
 * Decides which units are sent. The kernel hides seconds of video from `writableLength`,
 * so only the receiver's acknowledgements tell how far behind it is.
 */
export class AckWindow {
  readonly #flying: { frameSeq: number; at: number; bytes: number }[] = [];
  #bytes = 0;
  #dropping = false;
  readonly #delays = new RecentValues();
  #nextSeq = 1;
  /** Time that the quickest unit takes. */
  #leastMs = Infinity;
  #late = false;
  #ackedAt = -Infinity;
  /** Bytes that arrived, and the time in which there were any to carry. */
  #carried = { bytes: 0, ms: 0 };
  droppedUnits = 0;
  dropEpisodes = 0;

  constructor(
    readonly options: AckWindowOptions,
    readonly now: () => number = runningMs,
  ) {}

  get figures(): HopFigures {
    const { p50, p95 } = this.#delays.quantiles() ?? { p50: 0, p95: 0 };
    return {
      ackP50Ms: p50,
      ackP95Ms: p95,
      roundTripMs: this.#delays.smallest() ?? 0,
      inFlightBytes: this.#bytes,
      droppedUnits: this.droppedUnits,
      dropEpisodes: this.dropEpisodes,
    };
  }

  get inFlightBytes(): number {
    return this.#bytes;
  }

  /** Age in milliseconds of the oldest unacknowledged unit; 0 when all arrived. */
  get ackAgeMs(): number {
    return this.#flying.length > 0 ? this.now() - this.#flying[0].at : 0;
  }

  /**
   * The number under which to send a unit and whether units were left out before it; undefined to drop it.
   * `starts` tells that a decoder can begin with the unit; only such a unit ends a drop, once the backlog has halved.
   */
  admit(bytes: number, starts: boolean): { frameSeq: number; discontinuity: boolean } | undefined {
    const { maxAckAgeMs, maxInFlightBytes } = this.options;
    const resumes = this.#dropping && starts && this.ackAgeMs < maxAckAgeMs / 2 && this.#bytes < maxInFlightBytes / 2;
    if (!this.#dropping && (this.#isBehind || this.#bytes > maxInFlightBytes)) {
      this.#dropping = true;
      this.dropEpisodes++;
    }
    if (this.#dropping && !resumes) {
      this.droppedUnits++;
      return undefined;
    }
    this.#dropping = false;
    return { frameSeq: this.#send(bytes), discontinuity: resumes };
  }

  /**
   * The same for sound that goes with a picture. It neither ends a drop nor is it dropped with the picture, but only when the receiver
   * is so far behind that nothing helps.
   */
  admitSound(bytes: number): { frameSeq: number; discontinuity: boolean } | undefined {
    const { maxAckAgeMs, maxInFlightBytes } = this.options;
    const isFar = this.ackAgeMs > maxAckAgeMs * soundPatience || this.#bytes > maxInFlightBytes * soundPatience;
    if (isFar) {
      this.droppedUnits++;
      return undefined;
    }
    return { frameSeq: this.#send(bytes), discontinuity: false };
  }

  /** Everything up to `frameSeq` has arrived; numbers that do not fly are ignored. */
  acknowledge(frameSeq: number): void {
    const now = this.now();
    while (this.#flying.length > 0 && ((frameSeq - this.#flying[0].frameSeq) | 0) >= 0) {
      const { at, bytes } = this.#flying.shift()!;
      this.#bytes -= bytes;
      this.#delays.add(now - at);
      this.#arrived(at, bytes, now);
    }
  }

  #send(bytes: number): number {
    const frameSeq = this.#nextSeq;
    this.#nextSeq = (this.#nextSeq + 1) >>> 0;
    this.#flying.push({ frameSeq, at: this.now(), bytes });
    this.#bytes += bytes;
    return frameSeq;
  }

  /** The oldest is too old, or the youngest would be: on a line far too narrow the age alone tells that too late. */
  get #isBehind(): boolean {
    const { maxAckAgeMs } = this.options;
    return this.ackAgeMs > maxAckAgeMs || this.#expectedMs > maxAckAgeMs * EXPECTED_SHARE;
  }

  /** How long what is under way takes; 0 while nothing shows that it queues. */
  get #expectedMs(): number {
    if (this.#late) return (this.#bytes * this.#carried.ms) / this.#carried.bytes;
    const oldest = this.#flying[0];
    if (!oldest || oldest.bytes < this.#bytes * TELLING_SHARE) return 0;
    // It has not arrived, so that the line carries less than it in this time.
    const workedMs = this.now() - Math.max(oldest.at, this.#ackedAt) - this.#leastMs;
    const isTelling = workedMs > this.options.maxAckAgeMs * LATE_SHARE;
    return isTelling ? (this.#bytes * workedMs) / oldest.bytes : 0;
  }

  #arrived(at: number, bytes: number, now: number): void {
    const tookMs = now - at;
    const overMs = tookMs - this.#leastMs;
    this.#leastMs = overMs > 0 ? this.#leastMs + overMs * LONGER_SHARE : tookMs;
    const lateMs = this.options.maxAckAgeMs * LATE_SHARE;
    const carriedMs = now - Math.max(at, this.#ackedAt);
    this.#ackedAt = now;
    if (overMs > lateMs && !this.#late) {
      this.#late = true;
      this.#carried = { bytes, ms: carriedMs };
      return;
    }
    // Between the two it stays as it was: a keyframe after a drop takes its time on a line that is still narrow.
    if (overMs < lateMs / 2) this.#late = false;
    const share = this.#carried.ms > RATE_MS ? 0.5 : 1;
    this.#carried = { bytes: this.#carried.bytes * share + bytes, ms: this.#carried.ms * share + carriedMs };
  }
}
