import { SendBudget } from './send-budget.js';
import { SendQueue } from './send-queue.js';

/** They are inside a window, which has been reserved already. */
const COUNTED_ELSEWHERE = new SendBudget(Number.POSITIVE_INFINITY);
const PIECE_BYTES = 65_536;

/** Received bytes that have no reader yet; copied, because a crumb would keep the chunk that it came in. */
export class EarlyBytes {
  private queue: SendQueue | undefined;
  private taken = 0;

  get isEmpty(): boolean {
    return this.queue === undefined;
  }

  push(chunk: Buffer): void {
    this.queue ??= new SendQueue(COUNTED_ELSEWHERE);
    this.queue.append(chunk);
  }

  /** Takes the next piece. */
  shift(): Buffer | undefined {
    const { queue } = this;
    if (queue === undefined) return undefined;
    const piece = Buffer.allocUnsafeSlow(Math.min(PIECE_BYTES, queue.endBytes - this.taken));
    queue.copyTo(piece, 0, this.taken, piece.length);
    this.taken += piece.length;
    queue.release(this.taken);
    if (this.taken === queue.endBytes) this.clear();
    return piece;
  }

  clear(): void {
    this.queue?.clear();
    this.queue = undefined;
    this.taken = 0;
  }
}
