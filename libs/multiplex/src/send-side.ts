import { SessionError } from './errors.js';
import { type SendState, SEND_MOVES, move } from './state.js';

/** One frame's worth of queued bytes, by reference. */
export interface Slice {
  readonly chunks: Buffer[];
  readonly bytes: number;
}

/** Chunks that were acknowledged stay in the array until there are this many. */
const COMPACT_CHUNKS = 256;

/**
 * The sending direction of a channel: chunks from the first unacknowledged byte on, by reference, the cursor of the next
 * byte to send, the peer's credit. An end (FIN or RESET) takes one offset, so that an acknowledgement covers it.
 */
export class SendSide {
  state: SendState = 'open';
  /** Offset of the next byte to send; falls back when a lane took bytes with it. */
  sentBytes = 0;
  queuedBytes = 0;
  ackedBytes = 0;
  /** A lane was lost with bytes of this channel on it: nothing is sent until the peer said what it has. */
  paused = false;
  /** Bytes sent more than once. */
  resentBytes = 0;
  private high = 0;
  private credit = 0;
  private chunks: Buffer[] = [];
  /** Index of the chunk with the first unacknowledged byte, and how much of it is acknowledged. */
  private head = 0;
  private headDone = 0;
  private cursor = 0;
  private cursorDone = 0;
  private endAcknowledged = false;
  private waiting: (() => void)[] = [];

  /** @param retain keep what was sent until it is acknowledged */
  constructor(private readonly retain: boolean) {}

  push(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.queuedBytes += chunk.length;
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
    if (this.queuedBytes > 0) return this.sentBytes < this.credit;
    return this.state === 'ending';
  }

  get finDue(): boolean {
    return this.state === 'ending' && this.queuedBytes === 0 && !this.paused;
  }

  /** Offset behind the last byte that was ever sent: where FIN and RESET stand. */
  get highBytes(): number {
    return this.high;
  }

  /** Sent and not acknowledged. */
  get retainedBytes(): number {
    return this.sentBytes - this.ackedBytes;
  }

  /** The peer has the end of this direction, or never has to say so. */
  get endAcked(): boolean {
    return this.ended && (!this.retain || this.endAcknowledged);
  }

  take(maxBytes: number): Slice {
    const limit = Math.min(maxBytes, this.credit - this.sentBytes, this.queuedBytes);
    const taken: Buffer[] = [];
    let bytes = 0;
    while (bytes < limit) {
      const chunk = this.chunks[this.cursor];
      if (chunk === undefined) break;
      const from = this.cursorDone;
      const length = Math.min(chunk.length - from, limit - bytes);
      taken.push(length === chunk.length ? chunk : chunk.subarray(from, from + length));
      bytes += length;
      this.cursorDone += length;
      if (this.cursorDone < chunk.length) break;
      this.cursor += 1;
      this.cursorDone = 0;
    }
    this.advance(bytes);
    return { chunks: taken, bytes };
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
    if (upTo > this.sentBytes) this.skipTo(upTo);
    this.release(upTo);
  }

  /** A peer that has forgotten the channel has had all of it. */
  acknowledgeAll(): void {
    this.endAcknowledged = true;
  }

  /** Sends again from the first unacknowledged byte. */
  rewind(): void {
    this.paused = false;
    if (this.state === 'reset' || !this.retain) return;
    const again = this.sentBytes - this.ackedBytes;
    this.resentBytes += again;
    this.queuedBytes += again;
    this.sentBytes = this.ackedBytes;
    this.cursor = this.head;
    this.cursorDone = this.headDone;
    if (this.state === 'finished' && !this.endAcknowledged) this.state = move(SEND_MOVES, this.state, 'ending');
  }

  /** Drops what was queued. @returns false when the direction had ended already. */
  reset(): boolean {
    if (this.ended) return false;
    this.state = move(SEND_MOVES, this.state, 'reset');
    this.chunks = [];
    this.queuedBytes = 0;
    return true;
  }

  /** Apart from the change of state, because a callback may act on the channel again. */
  notifyEnded(): void {
    for (const callback of this.waiting.splice(0)) callback();
  }

  get ended(): boolean {
    return this.state === 'finished' || this.state === 'reset';
  }

  private advance(bytes: number): void {
    this.queuedBytes -= bytes;
    this.sentBytes += bytes;
    this.high = Math.max(this.high, this.sentBytes);
    if (!this.retain) this.release(this.sentBytes);
  }

  /** The peer had more than its table said: bytes were still on their way. */
  private skipTo(offset: number): void {
    while (this.sentBytes < offset) {
      const chunk = this.chunks[this.cursor];
      if (chunk === undefined) return;
      const length = Math.min(chunk.length - this.cursorDone, offset - this.sentBytes);
      this.queuedBytes -= length;
      this.sentBytes += length;
      this.cursorDone += length;
      if (this.cursorDone < chunk.length) return;
      this.cursor += 1;
      this.cursorDone = 0;
    }
  }

  private release(offset: number): void {
    while (this.ackedBytes < offset) {
      const chunk = this.chunks[this.head];
      if (chunk === undefined) return;
      const length = Math.min(chunk.length - this.headDone, offset - this.ackedBytes);
      this.ackedBytes += length;
      this.headDone += length;
      if (this.headDone < chunk.length) return;
      this.chunks[this.head] = RELEASED;
      this.head += 1;
      this.headDone = 0;
    }
    if (this.head < COMPACT_CHUNKS && this.head < this.chunks.length) return;
    this.chunks.splice(0, this.head);
    this.cursor -= this.head;
    this.head = 0;
  }
}

const RELEASED = Buffer.alloc(0);
