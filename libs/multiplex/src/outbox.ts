import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { writeHeader } from './encode.js';
import { FRAME, HEADER_BYTES } from './frame.js';
import type { SendQueue } from './send-queue.js';
import { SEND_SLABS, type SlabPool, WRITE_SLABS } from './slab-pool.js';

/** Control frames alone fit in here; a slab for each would cost thousands of quiet lanes more than they say. */
const SMALL_BYTES = 2_048;
/** Largest buffer, and so the most that one write carries. */
const MOST_BYTES = WRITE_SLABS.slabBytes;

/**
 * Puts the bytes of one turn side by side in one buffer per write: one system call, one wake-up of the reader, no object
 * per frame, and nothing that keeps a chunk because of a few of its bytes. TLS would copy them together all the same.
 */
export class Outbox {
  private buffer: Buffer | undefined;
  private filled = 0;
  private pool: SlabPool | undefined;
  /** Sockets have taken the bytes when they call back; any other stream may pass the buffer itself on. */
  private readonly reuses: boolean;

  /** @param written told how many bytes the stream has taken, or will never take */
  constructor(
    private readonly stream: Duplex,
    private readonly written?: (bytes: number) => void,
  ) {
    this.reuses = stream instanceof Socket;
  }

  get pendingBytes(): number {
    return this.filled;
  }

  /** Largest payload of DATA that fits beside what is there, at most `wanted`; an almost full buffer is written first. */
  room(wanted: number): number {
    if (MOST_BYTES - this.filled - HEADER_BYTES < Math.min(wanted, SMALL_BYTES)) this.flush();
    return Math.min(wanted, MOST_BYTES - this.filled - HEADER_BYTES);
  }

  append(bytes: Buffer): void {
    for (let from = 0; from < bytes.length;) {
      if (this.filled === MOST_BYTES) this.flush();
      const length = Math.min(bytes.length - from, MOST_BYTES - this.filled);
      const buffer = this.reserve(length);
      bytes.copy(buffer, this.filled, from, from + length);
      this.filled += length;
      from += length;
    }
  }

  /** One DATA frame; `length` is what `room` said. */
  data(channel: number, offset: number, length: number, queue: SendQueue): void {
    const buffer = this.reserve(HEADER_BYTES + length);
    writeHeader(buffer, this.filled, FRAME.DATA, 0, channel, offset, length);
    queue.copyTo(buffer, this.filled + HEADER_BYTES, offset, length);
    this.filled += HEADER_BYTES + length;
  }

  flush(): void {
    const { buffer, filled, pool, written } = this;
    if (buffer === undefined || filled === 0) return;
    this.buffer = undefined;
    this.filled = 0;
    this.pool = undefined;
    const view = buffer.subarray(0, filled);
    // While the stream holds others back, a few bytes must not keep the room for many.
    const bytes = pool === undefined && this.stream.writableLength > 0 ? Buffer.from(view) : view;
    const slab = this.reuses && pool !== undefined ? buffer : undefined;
    this.stream.write(bytes, () => {
      if (slab !== undefined) pool?.give(slab);
      written?.(filled);
    });
  }

  private reserve(length: number): Buffer {
    const needed = this.filled + length;
    if (this.buffer !== undefined && needed <= this.buffer.length) return this.buffer;
    const pool = poolFor(needed);
    const buffer = pool?.take() ?? Buffer.allocUnsafeSlow(SMALL_BYTES);
    if (this.buffer !== undefined) {
      this.buffer.copy(buffer, 0, 0, this.filled);
      this.pool?.give(this.buffer);
    }
    this.pool = pool;
    this.buffer = buffer;
    return buffer;
  }
}

function poolFor(bytes: number): SlabPool | undefined {
  if (bytes <= SMALL_BYTES) return undefined;
  return bytes <= SEND_SLABS.slabBytes ? SEND_SLABS : WRITE_SLABS;
}

const waiting = new Set<Outbox>();
let isScheduled = false;

/** At the end of this turn of the event loop, together with all others that were asked for. */
export function flushSoon(outbox: Outbox): void {
  waiting.add(outbox);
  if (isScheduled) return;
  isScheduled = true;
  setImmediate(() => {
    isScheduled = false;
    const outboxes = [...waiting];
    waiting.clear();
    for (const each of outboxes) each.flush();
  });
}
