/** setTimeout fires at once for more than 24.8 days, and a suspended machine's timers are late: look at the clock again. */
const LONGEST_SLEEP_MS = 60 * 60 * 1_000;

/** Calls once when the wall clock has reached an instant, however far away. */
export class Alarm {
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly atMs: number,
    private readonly ring: () => void,
    private readonly now: () => number = Date.now,
  ) {
    this.sleep();
  }

  cancel(): void {
    clearTimeout(this.timer);
  }

  private sleep(): void {
    const leftMs = this.atMs - this.now();
    this.timer = setTimeout(
      () => (this.atMs <= this.now() ? this.ring() : this.sleep()),
      Math.max(0, Math.min(leftMs, LONGEST_SLEEP_MS)),
    );
    this.timer.unref();
  }
}
