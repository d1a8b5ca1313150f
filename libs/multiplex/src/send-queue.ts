import type { SendBudget } from './send-budget.js';
import { SEND_SLABS } from './slab-pool.js';

const SLAB_BYTES = SEND_SLABS.slabBytes;

/**
 * The bytes of one sending direction from the first that is not acknowledged on, by absolute offset. They are copied in,
 * so that what is held is exactly what is counted: a slice of a chunk would keep all of it.
 */
export class SendQueue {
  private slabs: Buffer[] = [];
  /** Offset of the first byte of the first slab. */
  private base = 0;
  private start = 0;
  private end = 0;

  constructor(private readonly budget: SendBudget) {}

  /** Offset behind the last byte. */
  get endBytes(): number {
    return this.end;
  }

  append(chunk: Buffer): void {
    for (let from = 0; from < chunk.length;) {
      const at = (this.end - this.base) % SLAB_BYTES;
      if (this.end - this.base === this.slabs.length * SLAB_BYTES) {
        this.budget.use(SLAB_BYTES);
        this.slabs.push(SEND_SLABS.take());
      }
      const slab = this.slabs[this.slabs.length - 1];
      if (slab === undefined) return;
      const copied = chunk.copy(slab, at, from);
      from += copied;
      this.end += copied;
    }
  }

  /** Copies what stands from `offset` on. The range has to be held. */
  copyTo(target: Buffer, at: number, offset: number, length: number): void {
    for (let done = 0; done < length;) {
      const position = offset + done - this.base;
      const from = position % SLAB_BYTES;
      const slab = this.slabs[Math.floor(position / SLAB_BYTES)];
      if (slab === undefined) throw new RangeError(`${offset} is not held`);
      done += slab.copy(target, at + done, from, Math.min(SLAB_BYTES, from + length - done));
    }
  }

  /** Bytes below the offset are not needed any more. */
  release(offset: number): void {
    this.start = Math.max(this.start, offset);
    if (this.start === this.end) {
      this.clear();
      return;
    }
    while (this.start - this.base >= SLAB_BYTES) {
      const slab = this.slabs.shift();
      this.base += SLAB_BYTES;
      this.give(slab);
    }
  }

  clear(): void {
    const slabs = this.slabs.splice(0);
    this.start = this.end;
    this.base = this.end;
    for (const slab of slabs) this.give(slab);
  }

  private give(slab: Buffer | undefined): void {
    if (slab === undefined) return;
    SEND_SLABS.give(slab);
    this.budget.free(SLAB_BYTES);
  }
}
