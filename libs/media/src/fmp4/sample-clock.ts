import { distance } from '../rtp/packet.js';

export interface SampleTimes {
  /** Ticks since the first sample of the stream. */
  decode: number;
  presentation: number;
  duration: number;
}

/**
 * A player that sees a decoding time jump by more than two durations waits for the next keyframe
 * (Media Source Extensions section 3.5.8), so within a group of pictures the steps stay below that.
 */
const largestStep = 1.9;
const maxDurationSeconds = 1;
/** A larger step backwards, or forwards within a group of pictures, is a broken clock and not a pause. */
const maxStepSeconds = 10;

/** From RTP timestamps, which are presentation times in decoding order, to the times of samples. */
export class SampleClock {
  #timestamp: number | undefined;
  #presentation: number;
  #highest = 0;
  #decode = 0;
  #duration: number;

  constructor(
    readonly clockRate: number,
    origin: number,
    duration: number,
  ) {
    this.#presentation = origin;
    this.#highest = origin;
    this.#duration = duration;
  }

  next(timestamp: number, key: boolean): SampleTimes {
    const isFirst = this.#timestamp === undefined;
    const moved = this.#timestamp === undefined ? 0 : distance(this.#timestamp, timestamp, 32);
    this.#timestamp = timestamp;
    let step = this.#presentation + moved - this.#highest;
    const limit = this.clockRate * maxStepSeconds;
    if (step < -limit || (step > limit && !key)) step = this.#duration;
    const presentation = this.#highest + step;
    this.#presentation = presentation;
    const latest = key || isFirst ? Infinity : this.#decode + Math.floor(this.#duration * largestStep);
    this.#decode = isFirst ? presentation : Math.max(this.#decode + 1, Math.min(presentation, latest));
    if (step > 0) {
      this.#duration = Math.min(step, this.clockRate * maxDurationSeconds);
      this.#highest = presentation;
    }
    return { decode: this.#decode, presentation, duration: this.#duration };
  }
}
