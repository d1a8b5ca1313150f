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
    if (!this.#dropping && (this.ackAgeMs > maxAckAgeMs || this.#bytes > maxInFlightBytes)) {
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
    while (this.#flying.length > 0 && ((frameSeq - this.#flying[0].frameSeq) | 0) >= 0) {
      const { at, bytes } = this.#flying.shift()!;
      this.#bytes -= bytes;
      this.#delays.add(this.now() - at);
    }
  }

  #send(bytes: number): number {
    const frameSeq = this.#nextSeq;
    this.#nextSeq = (this.#nextSeq + 1) >>> 0;
    this.#flying.push({ frameSeq, at: this.now(), bytes });
    this.#bytes += bytes;
    return frameSeq;
  }
}
