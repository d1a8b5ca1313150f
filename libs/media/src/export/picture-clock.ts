import { distance } from '../rtp/packet.js';

/** A larger step than this is a part that was not recorded, whatever the device says of it. */
const maxPauseSeconds = 10;
const assumedFramesPerSecond = 25;
const maxDurationSeconds = 1;

/** A picture of a recording as it came. */
export interface Picture {
  data: Buffer;
  key: boolean;
  /** RTP timestamp. */
  timestamp: number;
  /** When it was recorded, milliseconds since 1970. */
  recordedMs: number;
  /** The device says that something is missing before it. */
  discontinuity: boolean;
}

/** Where a picture stands in the file. */
export interface Placed {
  /** Ticks of the track since the beginning of the file. */
  presentation: number;
  /** A part that was not recorded lies before it. */
  afterGap: boolean;
}

/**
 * From the timestamps of a recording to the times of a file. What was not recorded takes no time: the picture after it follows
 * the last one before it.
 */
export class PictureClock {
  /** Ticks from one picture to the next. */
  duration: number;
  #last: number | undefined;
  #presentation = 0;
  #highest = 0;

  constructor(readonly clockRate: number) {
    this.duration = Math.round(clockRate / assumedFramesPerSecond);
  }

  place({ timestamp, key, discontinuity }: Picture): Placed {
    if (this.#last === undefined) {
      this.#last = timestamp;
      return { presentation: 0, afterGap: false };
    }
    let presentation = this.#presentation + distance(this.#last, timestamp, 32);
    const ahead = presentation - this.#highest;
    const limit = this.clockRate * maxPauseSeconds;
    const afterGap = discontinuity || ahead > limit || ahead < -limit || (key && ahead <= 0);
    if (afterGap) presentation = this.#highest + this.duration;
    this.#last = timestamp;
    this.#presentation = presentation;
    this.#highest = Math.max(this.#highest, presentation);
    return { presentation, afterGap };
  }

  /** Learns the usual step. @param sorted presentation times of a group of pictures in their order */
  learn(sorted: readonly number[]): void {
    const steps = sorted.slice(1).map((time, index) => time - sorted[index]);
    const median = steps.toSorted((a, b) => a - b)[steps.length >> 1];
    if (median !== undefined && median > 0) this.duration = Math.min(median, this.clockRate * maxDurationSeconds);
  }
}
