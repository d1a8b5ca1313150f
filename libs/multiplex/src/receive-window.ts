import type { Budget } from './budget.js';
import type { Clock } from './config.js';
import { SessionError } from './errors.js';

/**
 * Credit of one receiving direction, all offsets absolute. Credit returns on consumption, in steps of half a window;
 * a reader that empties half a window within two round trips gets twice the window, inside the session's budget.
 */
export class ReceiveWindow {
  received = 0;
  private isRetired = false;
  private consumed = 0;
  private limit: number;
  private lastGrantAt: number;

  constructor(
    private windowBytes: number,
    private readonly maxWindowBytes: number,
    private readonly budget: Budget,
    private readonly clock: Clock,
  ) {
    this.limit = windowBytes;
    this.lastGrantAt = clock.steadyMs();
  }

  get limitBytes(): number {
    return this.limit;
  }

  get size(): number {
    return this.windowBytes;
  }

  /** @throws SessionError `credit-violation`. */
  check(end: number): void {
    if (end > this.limit) throw new SessionError('credit-violation', `${end} over ${this.limit}`);
  }

  advance(length: number): void {
    this.received += length;
  }

  /** @returns true when the peer should be told a new limit. @throws RangeError when more is consumed than was received. */
  consume(bytes: number, rttMs: number | undefined): boolean {
    this.consumed += bytes;
    if (this.consumed > this.received) throw new RangeError('consumed more than was received');
    if (this.isRetired) {
      this.retire();
      return false;
    }
    if (this.consumed + this.windowBytes - this.limit < this.windowBytes / 2) return false;
    this.grow(rttMs);
    this.limit = this.consumed + this.windowBytes;
    return true;
  }

  /** Nothing more comes: what was not consumed stays reserved until it is. */
  retire(): void {
    const held = Math.min(this.windowBytes, this.received - this.consumed);
    this.budget.release(this.windowBytes - held);
    this.windowBytes = held;
    this.isRetired = true;
  }

  release(): void {
    this.budget.release(this.windowBytes);
    this.windowBytes = 0;
  }

  private grow(rttMs: number | undefined): void {
    const now = this.clock.steadyMs();
    const elapsed = now - this.lastGrantAt;
    this.lastGrantAt = now;
    if (rttMs === undefined || elapsed > 2 * rttMs) return;
    const wanted = Math.min(this.windowBytes, this.maxWindowBytes - this.windowBytes);
    if (wanted > 0) this.windowBytes += this.budget.grow(wanted);
  }
}
