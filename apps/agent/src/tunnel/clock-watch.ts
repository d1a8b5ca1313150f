const LOOK_MS = 5_000;
const JUMP_MS = 20_000;

/** Notices that the machine slept or that its clock was set: wall time then moves apart from steady time. */
export class ClockWatch {
  private timer: NodeJS.Timeout | undefined;
  private offsetMs = 0;

  constructor(
    private readonly onJump: (byMs: number) => void,
    private readonly wall: () => number = () => Date.now(),
    private readonly steady: () => number = () => performance.now(),
  ) {}

  start(): void {
    this.offsetMs = this.wall() - this.steady();
    this.timer = setInterval(() => this.look(), LOOK_MS).unref();
  }

  look(): void {
    const offsetMs = this.wall() - this.steady();
    const byMs = offsetMs - this.offsetMs;
    this.offsetMs = offsetMs;
    if (Math.abs(byMs) >= JUMP_MS) this.onJump(byMs);
  }

  close(): void {
    clearInterval(this.timer);
  }
}
