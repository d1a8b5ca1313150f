export interface CreditRate {
  most: number;
  perSecond: number;
}

/** What may go wrong before it is made to wait: begins full, is used up by failures and comes back with time. */
export class Credit {
  private held: number;
  private at: number;

  constructor(
    private rate: CreditRate,
    /** Steady ms. */
    private readonly now: () => number,
  ) {
    this.held = rate.most;
    this.at = now();
  }

  get left(): number {
    const now = this.now();
    this.held = Math.min(this.rate.most, this.held + ((now - this.at) / 1_000) * this.rate.perSecond);
    this.at = now;
    return this.held;
  }

  get isFull(): boolean {
    return this.left >= this.rate.most;
  }

  take(): void {
    this.held = this.left - 1;
  }

  give(amount: number): void {
    this.held = Math.min(this.rate.most, this.left + amount);
  }

  /** From now on it comes back at another rate. */
  change(rate: CreditRate): void {
    this.held = this.left;
    this.rate = rate;
  }
}
