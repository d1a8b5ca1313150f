/**
 * The cloud's time, as it was last told, carried on by the steady clock: what this machine's wall clock says, and when it is
 * set, makes no difference. The steady clock may stand still while the machine sleeps; whoever notices that asks again.
 */
export class ServerClock {
  private offsetMs: number | undefined;

  constructor(private readonly steady: () => number = () => performance.now()) {}

  /** @param serverMs ms since 1970, of now */
  note(serverMs: number): void {
    this.offsetMs = serverMs - this.steady();
  }

  /** Undefined until the cloud has told it once. */
  get nowMs(): number | undefined {
    return this.offsetMs === undefined ? undefined : this.offsetMs + this.steady();
  }
}
