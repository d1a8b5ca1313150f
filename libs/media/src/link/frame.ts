import { MediaError } from '../errors.js';

/** Types of link frames; the numbers are those of LINK.md. */
export const frameType = {
  OPEN: 1,
  OPENED: 2,
  MEDIA: 3,
  RTCP_SR: 4,
  ACK: 5,
  CONTROL: 6,
  KEYREQ: 7,
  STATE: 8,
  ERROR: 9,
  BYE: 10,
  RTCP: 11,
} as const;

export const frameFlag = { KEY: 1, DISCONTINUITY: 2, START: 4, END: 8 } as const;

export interface LinkFrame {
  type: number;
  flags: number;
  track: number;
  /** Number of the access unit, from 1 per link; in an ACK the highest one received whole; else 0. */
  frameSeq: number;
  /** Microseconds since 1970; in an ACK that of the acknowledged unit. */
  captureUs: number;
  payload: Buffer;
}

/** Bytes that `length` counts before the payload: type, flags, track, frameSeq, captureUs. */
export const headBytes = 15;
export const lengthBytes = 4;
/** A larger unit is split. */
export const maxChunkBytes = 64 << 10;
/** Larger frames are refused before anything is allocated. */
export const maxFrameBytes = headBytes + maxChunkBytes;

export function encodeFrame(frame: Partial<LinkFrame> & { type: number }, ...payload: Buffer[]): Buffer {
  const parts = frame.payload ? [frame.payload, ...payload] : payload;
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  const head = Buffer.allocUnsafe(lengthBytes + headBytes);
  head.writeUInt32BE(headBytes + size, 0);
  head[4] = frame.type;
  head[5] = frame.flags ?? 0;
  head[6] = frame.track ?? 0;
  head.writeUInt32BE((frame.frameSeq ?? 0) >>> 0, 7);
  head.writeBigUInt64BE(BigInt(frame.captureUs ?? 0), 11);
  return Buffer.concat([head, ...parts], lengthBytes + headBytes + size);
}

/** Cuts a byte stream into link frames, whatever the chunking. */
export class LinkDecoder {
  #pending: Buffer = Buffer.alloc(0);

  /** Throws `link-malformed` or `link-too-large`; after that the stream is beyond reading. */
  *push(chunk: Buffer): Generator<LinkFrame> {
    this.#pending = this.#pending.length > 0 ? Buffer.concat([this.#pending, chunk]) : chunk;
    while (this.#pending.length >= lengthBytes) {
      const length = this.#pending.readUInt32BE(0);
      if (length < headBytes) throw new MediaError('link-malformed', 'A frame is shorter than its head');
      if (length > maxFrameBytes) throw new MediaError('link-too-large', 'A frame is larger than allowed');
      if (this.#pending.length < lengthBytes + length) return;
      const frame = decodeFrame(this.#pending.subarray(lengthBytes, lengthBytes + length));
      this.#pending = this.#pending.subarray(lengthBytes + length);
      yield frame;
    }
  }
}

function decodeFrame(data: Buffer): LinkFrame {
  const captureUs = Number(data.readBigUInt64BE(7));
  if (!Number.isSafeInteger(captureUs)) throw new MediaError('link-malformed', 'captureUs is out of range');
  return {
    type: data[0],
    flags: data[1],
    track: data[2],
    frameSeq: data.readUInt32BE(3),
    captureUs,
    payload: data.subarray(headBytes),
  };
}
