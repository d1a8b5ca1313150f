import { SessionError } from './errors.js';
import type { SendBudget } from './send-budget.js';
import { SendQueue } from './send-queue.js';
import { type SendState, SEND_MOVES, move } from './state.js';

/**
 * The sending direction of a channel: the bytes from the first unacknowledged one on, the cursor of the next one to send,
 * the peer's credit. An end (FIN or RESET) takes one offset, so that an acknowledgement covers it.
 */
export class SendSide {
  state: SendState = 'open';
  /** Offset of the next byte to send; falls back when a lane took bytes with it. */
  sentBytes = 0;
  ackedBytes = 0;
  /** A lane was lost with bytes of this channel on it: nothing is sent until the peer said what it has. */
  paused = false;
  /** Bytes sent more than once. */
  resentBytes = 0;
  readonly queue: SendQueue;
  private high = 0;
  private credit = 0;
  private endAcknowledged = false;
  private waiting: (() => void)[] = [];

  /**
   * @param retain keep what was sent until it is acknowledged
   * @param maxRetainedBytes whatever credit the peer grants: it may never acknowledge
   */
  constructor(
    private readonly retain: boolean,
    budget: SendBudget,
    private readonly maxRetainedBytes = Number.POSITIVE_INFINITY,
  ) {
    this.queue = new SendQueue(budget);
  }

  /** Written and not sent, or to be sent again. */
  get queuedBytes(): number {
    return this.state === 'reset' ? 0 : this.queue.endBytes - this.sentBytes;
  }

  push(chunk: Buffer): void {
    this.queue.append(chunk);
  }

  end(): void {
    this.state = move(SEND_MOVES, this.state, 'ending');
  }

  /** Calls back when the direction has ended, at once if it has. */
  whenEnded(callback: () => void): void {
    if (this.ended) callback();
    else this.waiting.push(callback);
  }

  /** Absolute, so an old or repeated MAX_DATA changes nothing. @returns true when more may be sent than before. */
  grant(limit: number): boolean {
    if (limit <= this.credit) return false;
    this.credit = limit;
    return true;
  }

  /** Something could be put on the wire now: bytes within credit, or the FIN. */
  get sendable(): boolean {
    if (this.paused || (this.state !== 'open' && this.state !== 'ending')) return false;
    if (this.queuedBytes > 0) return this.sentBytes < this.limitBytes;
    return this.state === 'ending';
  }

  get finDue(): boolean {
    return this.state === 'ending' && this.queuedBytes === 0 && !this.paused;
  }

  /** Offset behind the last byte that was ever sent: where FIN and RESET stand. */
  get highBytes(): number {
    return this.high;
  }

  /** The peer has the end of this direction, or never has to say so. */
  get endAcked(): boolean {
    return this.ended && (!this.retain || this.endAcknowledged);
  }

  /** How much of it may go now. */
  sendableBytes(maxBytes: number): number {
    return Math.min(maxBytes, this.limitBytes - this.sentBytes, this.queuedBytes);
  }

  /** These bytes are on their way. */
  sent(bytes: number): void {
    this.sentBytes += bytes;
    this.high = Math.max(this.high, this.sentBytes);
    if (!this.retain) this.release(this.sentBytes);
  }

  finSent(): void {
    this.state = move(SEND_MOVES, this.state, 'finished');
  }

  /** Absolute; an old one changes nothing. @throws SessionError `bad-offset` for what was never sent. */
  acknowledge(offset: number): void {
    if (offset > this.high + (this.ended || this.state === 'ending' ? 1 : 0))
      throw new SessionError('bad-offset', `${offset} was never sent`);
    if (offset > this.high) this.endAcknowledged = true;
    if (this.state === 'reset') return;
    const upTo = Math.min(offset, this.high);
    // The peer had more than its table said: bytes were still on their way.
    this.sentBytes = Math.max(this.sentBytes, upTo);
    this.release(upTo);
  }

  /** A peer that has forgotten the channel has had all of it. */
  acknowledgeAll(): void {
    this.endAcknowledged = true;
    this.discard();
  }

  /** Nothing is sent any more. */
  discard(): void {
    this.queue.clear();
  }

  /** Sends again from the first unacknowledged byte. */
  rewind(): void {
    this.paused = false;
    if (this.state === 'reset' || !this.retain) return;
    this.resentBytes += this.sentBytes - this.ackedBytes;
    this.sentBytes = this.ackedBytes;
    if (this.state === 'finished' && !this.endAcknowledged) this.state = move(SEND_MOVES, this.state, 'ending');
  }

  /** Drops what was queued. @returns false when the direction had ended already. */
  reset(): boolean {
    if (this.ended) return false;
    this.state = move(SEND_MOVES, this.state, 'reset');
    this.queue.clear();
    return true;
  }

  /** Apart from the change of state, because a callback may act on the channel again. */
  notifyEnded(): void {
    for (const callback of this.waiting.splice(0)) callback();
  }

  get ended(): boolean {
    return this.state === 'finished' || this.state === 'reset';
  }

  /** Offset up to which may be sent. */
  private get limitBytes(): number {
    return this.retain ? Math.min(this.credit, this.ackedBytes + this.maxRetainedBytes) : this.credit;
  }

  private release(offset: number): void {
    if (offset <= this.ackedBytes) return;
    this.ackedBytes = offset;
    this.queue.release(offset);
  }
}
