import { HEADER_BYTES } from './frame.js';

const TWO_32 = 0x1_0000_0000;

/** One header (SPEC.md section 2) into a buffer that has room for it. */
export function writeHeader(
  target: Buffer,
  at: number,
  type: number,
  flags: number,
  channel: number,
  offset: number,
  length: number,
): void {
  target[at] = type;
  target[at + 1] = flags;
  target.writeUInt32BE(channel, at + 2);
  target.writeUInt32BE(Math.floor(offset / TWO_32), at + 6);
  target.writeUInt32BE(offset % TWO_32, at + 10);
  target.writeUInt32BE(length, at + 14);
}

/** A whole frame in one buffer, for everything but DATA. */
export function encodeFrame(type: number, channel: number, offset: number, payload?: Buffer, flags = 0): Buffer {
  const length = payload?.length ?? 0;
  const frame = Buffer.allocUnsafe(HEADER_BYTES + length);
  writeHeader(frame, 0, type, flags, channel, offset, length);
  payload?.copy(frame, HEADER_BYTES);
  return frame;
}
