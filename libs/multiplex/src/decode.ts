import { SessionError } from './errors.js';
import { FLAG_OPTIONAL, FRAME, HEADER_BYTES, MAX_CONTROL_PAYLOAD_BYTES } from './frame.js';

/**
 * Receives decoded frames. A DATA frame that arrives in several chunks is handed on in pieces, each with its own
 * offset (no copy); every other frame comes whole. `payload` may be a view into the chunk that was pushed.
 */
export type FrameSink = (type: number, channel: number, offset: number, payload: Buffer) => void;

const EMPTY = Buffer.alloc(0);
const KNOWN = new Set<number>(Object.values(FRAME));
const TWO_32 = 0x1_0000_0000;
/** Upper half of 2^53 - 1. */
const MAX_OFFSET_HIGH = 0x1f_ffff;

type PayloadMode = 'gather' | 'stream' | 'skip';

/** Pure: any chunking in, frames out. Holds at most one header and one control payload. */
export class FrameDecoder {
  /** Before WELCOME the largest accepted frame of any type is 4 KiB; the session raises this afterwards. */
  maxDataBytes = MAX_CONTROL_PAYLOAD_BYTES;
  private stopped = false;
  private header: Buffer | undefined;
  private headerBytes = 0;
  private mode: PayloadMode = 'gather';
  private type = 0;
  private channel = 0;
  private offset = 0;
  private remaining = 0;
  private inPayload = false;
  private gathered: { bytes: Buffer; filled: number } | undefined;

  constructor(private readonly sink: FrameSink) {}

  /** Ignores everything that follows; may be called from within the sink. */
  stop(): void {
    this.stopped = true;
    this.gathered = undefined;
  }

  /** @throws SessionError with the code that ends the session; the decoder is stopped then. */
  push(chunk: Buffer): void {
    try {
      for (let at = 0; at < chunk.length && !this.stopped;) {
        at = this.inPayload ? this.readPayload(chunk, at) : this.readHeader(chunk, at);
      }
    } catch (error) {
      this.stop();
      throw error;
    }
  }

  private readHeader(chunk: Buffer, at: number): number {
    if (this.headerBytes === 0 && chunk.length - at >= HEADER_BYTES) {
      this.begin(chunk, at);
      return at + HEADER_BYTES;
    }
    this.header ??= Buffer.allocUnsafeSlow(HEADER_BYTES);
    const copied = chunk.copy(this.header, this.headerBytes, at, at + HEADER_BYTES - this.headerBytes);
    this.headerBytes += copied;
    if (this.headerBytes === HEADER_BYTES) {
      this.headerBytes = 0;
      this.begin(this.header, 0);
    }
    return at + copied;
  }

  private begin(bytes: Buffer, at: number): void {
    const type = bytes[at] ?? 0;
    const flags = bytes[at + 1] ?? 0;
    const length = bytes.readUInt32BE(at + 14);
    this.mode = payloadMode(type, flags);
    if ((flags & ~FLAG_OPTIONAL) !== 0 && this.mode !== 'skip') throw new SessionError('bad-flags', `type ${type}`);
    const limit = this.mode === 'gather' ? MAX_CONTROL_PAYLOAD_BYTES : this.maxDataBytes;
    if (length > limit) throw new SessionError('frame-too-large', `${length} bytes, type ${type}`);
    const high = bytes.readUInt32BE(at + 6);
    if (high > MAX_OFFSET_HIGH) throw new SessionError('bad-offset', 'beyond 2^53 - 1');
    this.type = type;
    this.channel = bytes.readUInt32BE(at + 2);
    this.offset = high * TWO_32 + bytes.readUInt32BE(at + 10);
    this.remaining = length;
    this.inPayload = length > 0;
    if (length === 0 && this.mode !== 'skip') this.sink(type, this.channel, this.offset, EMPTY);
  }

  private readPayload(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.remaining);
    const piece = chunk.subarray(at, end);
    const whole = piece.length === this.remaining && this.gathered === undefined;
    this.remaining -= piece.length;
    this.inPayload = this.remaining > 0;
    if (this.mode === 'stream') {
      const offset = this.offset;
      this.offset += piece.length;
      this.sink(this.type, this.channel, offset, piece);
    } else if (this.mode === 'gather') {
      if (whole) this.sink(this.type, this.channel, this.offset, piece);
      else this.gather(piece);
    }
    return end;
  }

  private gather(piece: Buffer): void {
    this.gathered ??= { bytes: Buffer.allocUnsafeSlow(piece.length + this.remaining), filled: 0 };
    this.gathered.filled += piece.copy(this.gathered.bytes, this.gathered.filled);
    if (this.remaining > 0) return;
    const payload = this.gathered.bytes;
    this.gathered = undefined;
    this.sink(this.type, this.channel, this.offset, payload);
  }
}

function payloadMode(type: number, flags: number): PayloadMode {
  if (type === FRAME.DATA) return 'stream';
  if (KNOWN.has(type)) return 'gather';
  if ((flags & FLAG_OPTIONAL) !== 0) return 'skip';
  throw new SessionError('unknown-frame', `type ${type}`);
}
