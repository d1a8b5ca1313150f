const beatMs = 50;
/** More than this between two beats is time in which this process stood still. */
const longestBeatMs = 2 * beatMs;

/**
 * Time in which this process could have heard something. While it stands still, because the machine is busy or a large piece of work is done,
 * acknowledgements wait unread in its sockets: that time must not count against whoever sent them.
 */
export class RunningClock {
  #passedMs = 0;
  #beatAt: number;

  constructor(readonly now: () => number = () => performance.now()) {
    this.#beatAt = now();
  }

  /** Milliseconds since any beginning. */
  nowMs(): number {
    return this.#passedMs + Math.min(this.now() - this.#beatAt, longestBeatMs);
  }

  beat(): void {
    this.#passedMs = this.nowMs();
    this.#beatAt = this.now();
  }
}

const clock = new RunningClock();
setInterval(() => clock.beat(), beatMs).unref();

/** Milliseconds of this process; see {@link RunningClock}. */
export function runningMs(): number {
  return clock.nowMs();
}
