import { SessionError } from './errors.js';

interface Piece {
  readonly offset: number;
  bytes: Buffer;
  /** Memory of its own, with room for what follows. */
  slab?: Buffer;
}

/** Below this a piece is copied behind the one that it continues: an object for each would cost more than the bytes. */
const CRUMB_BYTES = 4_096;
const SLAB_BYTES = 16_384;
/**
 * An honest sender leaves a gap for each lane that it left or lost, and what it sends on one lane follows on; so it makes
 * few pieces, or large ones. The limit keeps what pieces cost beside their bytes well below the window.
 */
const FREE_PIECES = 64;
const BYTES_PER_PIECE = 1_024;

/** Bytes of a channel that overtook others on another lane, in the order of their offsets, each held once. */
export class Reassembly {
  private pieces: Piece[] = [];
  private heldBytes = 0;

  get empty(): boolean {
    return this.pieces.length === 0;
  }

  /** @throws SessionError `credit-violation` for more pieces than an honest sender makes. */
  hold(offset: number, arrived: Buffer): void {
    const end = offset + arrived.length;
    let index = this.firstAfter(offset);
    const before = this.pieces[index - 1];
    const from = before === undefined ? offset : Math.max(offset, endOf(before));
    while (this.pieces[index] !== undefined && endOf(this.pieces[index]) <= end) this.drop(index);
    const to = Math.min(end, this.pieces[index]?.offset ?? end);
    if (from >= to) return;
    const bytes = arrived.subarray(from - offset, to - offset);
    this.heldBytes += bytes.length;
    if (before !== undefined && endOf(before) === from && continued(before, bytes)) return;
    this.pieces.splice(index, 0, { offset: from, bytes: owned(bytes) });
    if (this.pieces.length > FREE_PIECES + this.heldBytes / BYTES_PER_PIECE)
      throw new SessionError('credit-violation', 'too many pieces out of order');
  }

  /** Takes the piece that continues at `offset`, trimmed; pieces wholly before it are dropped. */
  take(offset: number): Buffer | undefined {
    for (;;) {
      const [first] = this.pieces;
      if (first === undefined || first.offset > offset) return undefined;
      this.drop(0);
      if (endOf(first) > offset) return first.bytes.subarray(offset - first.offset);
    }
  }

  clear(): void {
    this.pieces = [];
    this.heldBytes = 0;
  }

  /** Index of the first piece that begins behind the offset; there may be thousands, and a peer that asks for it. */
  private firstAfter(offset: number): number {
    let [low, high] = [0, this.pieces.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.pieces[middle]?.offset ?? offset) <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private drop(index: number): void {
    const [piece] = this.pieces.splice(index, 1);
    this.heldBytes -= piece?.bytes.length ?? 0;
  }
}

const endOf = (piece: Piece | undefined): number => (piece === undefined ? 0 : piece.offset + piece.bytes.length);

/** @returns false when they need a piece of their own. */
function continued(piece: Piece, bytes: Buffer): boolean {
  const total = piece.bytes.length + bytes.length;
  if (bytes.length >= CRUMB_BYTES || total > SLAB_BYTES) return false;
  if (piece.slab === undefined || piece.slab.length < total) {
    piece.slab = Buffer.allocUnsafeSlow(Math.min(SLAB_BYTES, 2 * total));
    piece.bytes.copy(piece.slab);
  }
  bytes.copy(piece.slab, piece.bytes.length);
  piece.bytes = piece.slab.subarray(0, total);
  return true;
}

/** A crumb would keep the whole chunk that it came in. */
function owned(bytes: Buffer): Buffer {
  if (bytes.buffer.byteLength <= 4 * bytes.length) return bytes;
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
