import { SessionError } from './errors.js';
import { Reassembly } from './reassembly.js';
import type { ReceiveWindow } from './receive-window.js';
import { type ReceiveState, RECEIVE_MOVES, move } from './state.js';

/**
 * The receiving direction of a channel: offsets, credit, order and end (SPEC.md rules 1 and 2). In a resumable session
 * gaps are held and repetitions dropped; in others every byte must continue the last one.
 */
export class ReceiveSide {
  state: ReceiveState = 'open';
  private readonly ahead = new Reassembly();
  private final: number | undefined;
  private finWaits = false;

  constructor(
    private readonly id: number,
    readonly window: ReceiveWindow,
    private readonly resumable: boolean,
  ) {}

  /** What an ACK says: contiguous bytes, one more once the end is here. */
  get ackOffset(): number {
    return this.peerEnded && this.final !== undefined ? this.final + 1 : this.window.received;
  }

  /** The peer's FIN has been reached, or its RESET is here. */
  get peerEnded(): boolean {
    return this.state === 'finished' || this.state === 'reset';
  }

  get ended(): boolean {
    return this.state !== 'open';
  }

  stop(): void {
    this.state = move(RECEIVE_MOVES, this.state, 'stopped');
    this.ahead.clear();
  }

  abandon(): void {
    if (!this.peerEnded) this.state = 'reset';
    this.ahead.clear();
  }

  /** @param deliver takes what is next in order. @throws SessionError `bad-offset`, `credit-violation`, `beyond-final-offset`. */
  data(offset: number, chunk: Buffer, deliver: (chunk: Buffer) => void): void {
    const end = offset + chunk.length;
    if (this.final !== undefined) {
      if (end > this.final) throw new SessionError('beyond-final-offset', `channel ${this.id}`);
      if (this.peerEnded) return;
    }
    if (chunk.length === 0) return;
    const { received } = this.window;
    if (offset !== received && !this.resumable)
      throw new SessionError('bad-offset', `${offset} instead of ${received}`);
    this.window.check(end);
    if (end <= received) return;
    if (offset > received) this.ahead.hold(offset, chunk);
    else this.inOrder(offset < received ? chunk.subarray(received - offset) : chunk, deliver);
  }

  /** @returns true when the direction has ended with it. @throws SessionError `bad-offset`, `beyond-final-offset`. */
  fin(offset: number): boolean {
    const repeated = this.final !== undefined;
    this.setFinal(offset);
    if (repeated) return false;
    this.finWaits = true;
    return this.finReached();
  }

  /** The bytes up to the final offset have all come. */
  finReached(): boolean {
    if (!this.finWaits || this.window.received !== this.final) return false;
    this.finWaits = false;
    this.state = move(RECEIVE_MOVES, this.state, 'finished');
    return true;
  }

  /** Drops what was still to come. @returns true when the direction has ended with it. */
  reset(offset: number): boolean {
    this.setFinal(offset);
    if (this.peerEnded) return false;
    this.finWaits = false;
    this.ahead.clear();
    this.state = move(RECEIVE_MOVES, this.state, 'reset');
    return true;
  }

  private setFinal(offset: number): void {
    if (this.final !== undefined && this.final !== offset)
      throw new SessionError('beyond-final-offset', `channel ${this.id}`);
    if (offset < this.window.received) throw new SessionError('beyond-final-offset', `channel ${this.id}`);
    if (offset > this.window.received && !this.resumable)
      throw new SessionError('bad-offset', `end of channel ${this.id}`);
    this.window.check(offset);
    this.final = offset;
  }

  private inOrder(first: Buffer, deliver: (chunk: Buffer) => void): void {
    for (let chunk: Buffer | undefined = first; chunk !== undefined; chunk = this.ahead.take(this.window.received)) {
      this.window.advance(chunk.length);
      if (this.state === 'open') deliver(chunk);
    }
  }
}
