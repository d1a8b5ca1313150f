import { type SendState, SEND_MOVES, move } from './state.js';

/** One frame's worth of queued bytes, by reference. */
export interface Slice {
  readonly chunks: Buffer[];
  readonly bytes: number;
}

/** The sending direction of a channel: queued chunks, the peer's credit, the offset of the next byte. */
export class SendSide {
  state: SendState = 'open';
  sentBytes = 0;
  queuedBytes = 0;
  private credit = 0;
  private chunks: Buffer[] = [];
  private waiting: (() => void)[] = [];

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
    if (this.state !== 'open' && this.state !== 'ending') return false;
    if (this.queuedBytes > 0) return this.sentBytes < this.credit;
    return this.state === 'ending';
  }

  get finDue(): boolean {
    return this.state === 'ending' && this.queuedBytes === 0;
  }

  take(maxBytes: number): Slice {
    const limit = Math.min(maxBytes, this.credit - this.sentBytes, this.queuedBytes);
    const taken: Buffer[] = [];
    let bytes = 0;
    let whole = 0;
    for (const chunk of this.chunks) {
      if (bytes + chunk.length > limit) break;
      taken.push(chunk);
      bytes += chunk.length;
      whole += 1;
    }
    if (whole > 0) this.chunks.splice(0, whole);
    const head = this.chunks[0];
    if (bytes < limit && head !== undefined) {
      taken.push(head.subarray(0, limit - bytes));
      this.chunks[0] = head.subarray(limit - bytes);
      bytes = limit;
    }
    this.queuedBytes -= bytes;
    this.sentBytes += bytes;
    return { chunks: taken, bytes };
  }

  finSent(): void {
    this.state = move(SEND_MOVES, this.state, 'finished');
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
}
