import { SessionError } from './errors.js';

interface Piece {
  readonly offset: number;
  readonly bytes: Buffer;
}

/** Far more than a full window of 16 KiB pieces; below it a peer that sends crumbs costs little beside the bytes. */
const MAX_PIECES = 8_192;

/** Bytes of a channel that overtook others on another lane, in the order of their offsets, each held once. */
export class Reassembly {
  private pieces: Piece[] = [];

  get empty(): boolean {
    return this.pieces.length === 0;
  }

  /** @throws SessionError `credit-violation` for more pieces than an honest sender makes. */
  hold(offset: number, arrived: Buffer): void {
    const bytes = owned(arrived);
    const after = this.pieces.findIndex((piece) => piece.offset + piece.bytes.length > offset);
    const index = after === -1 ? this.pieces.length : after;
    const fresh: Piece[] = [];
    let at = offset;
    const end = offset + bytes.length;
    let passed = 0;
    for (const piece of this.pieces.slice(index)) {
      if (piece.offset >= end) break;
      if (piece.offset > at) fresh.push({ offset: at, bytes: bytes.subarray(at - offset, piece.offset - offset) });
      fresh.push(piece);
      at = Math.max(at, piece.offset + piece.bytes.length);
      passed += 1;
    }
    if (at < end) fresh.push({ offset: at, bytes: bytes.subarray(at - offset) });
    this.pieces.splice(index, passed, ...fresh);
    if (this.pieces.length > MAX_PIECES) throw new SessionError('credit-violation', 'too many pieces out of order');
  }

  /** Takes the piece that continues at `offset`, trimmed; pieces wholly before it are dropped. */
  take(offset: number): Buffer | undefined {
    for (;;) {
      const [first] = this.pieces;
      if (first === undefined || first.offset > offset) return undefined;
      this.pieces.shift();
      if (first.offset + first.bytes.length > offset) return first.bytes.subarray(offset - first.offset);
    }
  }

  clear(): void {
    this.pieces = [];
  }
}

/** A crumb would keep the whole chunk that it came in. */
function owned(bytes: Buffer): Buffer {
  if (bytes.buffer.byteLength <= 4 * bytes.length) return bytes;
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
