import { Credit } from './credit.js';
import { Crowd, type Neighbourhood } from './crowd.js';
import type { GateLimits } from './gate-limits.js';

/** What the gate knows of one origin of connections. */
export class Address<Visit> extends Crowd<Visit> {
  /** Set while it has a connection here. */
  neighbourhood: Neighbourhood<Visit> | undefined;
  places = 0;
  readonly credit: Credit;
  private knownUntil: number | undefined;

  constructor(
    readonly origin: string,
    private readonly limits: GateLimits,
    private readonly now: () => number,
  ) {
    super();
    this.credit = new Credit(limits.credit, now);
  }

  get isEmpty(): boolean {
    return this.places === 0 && this.waiting === 0;
  }

  add(visit: Visit, to: 'arriving' | 'line'): void {
    this[to].add(visit);
    this.neighbourhood?.[to].add(visit);
  }

  remove(visit: Visit): void {
    for (const crowd of [this, this.neighbourhood]) {
      crowd?.arriving.delete(visit);
      crowd?.line.delete(visit);
    }
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
