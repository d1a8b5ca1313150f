import { HEADER_BYTES } from './frame.js';

const TWO_32 = 0x1_0000_0000;

/** One header (SPEC.md section 2). Small enough to come from Node's buffer pool, so a flush shares slabs. */
export function encodeHeader(type: number, flags: number, channel: number, offset: number, length: number): Buffer {
  const header = Buffer.allocUnsafe(HEADER_BYTES);
  header[0] = type;
  header[1] = flags;
  header.writeUInt32BE(channel, 2);
  header.writeUInt32BE(Math.floor(offset / TWO_32), 6);
  header.writeUInt32BE(offset % TWO_32, 10);
  header.writeUInt32BE(length, 14);
  return header;
}

/** A whole frame in one buffer; for control frames and tests, DATA payloads are written beside their header. */
export function encodeFrame(type: number, channel: number, offset: number, payload?: Buffer, flags = 0): Buffer {
  const header = encodeHeader(type, flags, channel, offset, payload?.length ?? 0);
  return payload === undefined ? header : Buffer.concat([header, payload]);
}
