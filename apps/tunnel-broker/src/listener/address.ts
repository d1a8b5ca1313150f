import { Credit } from './credit.js';
import type { GateLimits } from './gate-limits.js';

/** What the gate knows of one origin of connections. */
export class Address<Visit> {
  /** Oldest first. */
  readonly arriving = new Set<Visit>();
  /** Oldest first. */
  readonly line = new Set<Visit>();
  places = 0;
  readonly credit: Credit;
  private knownUntil: number | undefined;

  constructor(
    readonly origin: string,
    private readonly limits: GateLimits,
    private readonly now: () => number,
  ) {
    this.credit = new Credit(limits.credit, now);
  }

  get isEmpty(): boolean {
    return this.places === 0 && this.waiting === 0;
  }

  /** Connections without a place. */
  get waiting(): number {
    return this.arriving.size + this.line.size;
  }

  /** An agent came in from there not long ago. */
  get isKnown(): boolean {
    if (this.knownUntil !== undefined && this.now() >= this.knownUntil) {
      this.knownUntil = undefined;
      this.credit.change(this.limits.credit);
    }
    return this.knownUntil !== undefined;
  }

  /** There is nothing about it that would be missed. */
  get isForgettable(): boolean {
    return !this.isKnown && this.credit.isFull;
  }

  know(): void {
    if (!this.isKnown) this.credit.change(this.limits.knownCredit);
    this.knownUntil = this.now() + this.limits.knownMs;
  }
}
