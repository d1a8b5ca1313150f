import type { AccessUnit } from '../access-unit.js';
import { MediaError } from '../errors.js';
import { readRtp } from '../rtp/packet.js';
import { encodeFrame, frameFlag, frameType, maxChunkBytes, type LinkFrame } from './frame.js';

/** A unit as one buffer of MEDIA frames: each packet with a 16-bit length, split above 64 KiB. */
export function encodeUnit(unit: AccessUnit, frameSeq: number, discontinuity: boolean): Buffer {
  const payload = Buffer.allocUnsafe(unit.bytes + unit.packets.length * 2);
  let at = 0;
  for (const packet of unit.packets) {
    at = payload.writeUInt16BE(packet.length, at);
    at += packet.copy(payload, at);
  }
  const common = (unit.key ? frameFlag.KEY : 0) | (discontinuity || unit.discontinuity ? frameFlag.DISCONTINUITY : 0);
  const frames: Buffer[] = [];
  for (let start = 0; start < payload.length; start += maxChunkBytes) {
    const end = Math.min(payload.length, start + maxChunkBytes);
    const flags = common | (start === 0 ? frameFlag.START : 0) | (end === payload.length ? frameFlag.END : 0);
    const { track, captureUs } = unit;
    frames.push(
      encodeFrame({ type: frameType.MEDIA, flags, track, frameSeq, captureUs }, payload.subarray(start, end)),
    );
  }
  return frames.length === 1 ? frames[0] : Buffer.concat(frames);
}

/** Puts MEDIA frames together again. */
export class UnitAssembler {
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(readonly maxUnitBytes: number) {}

  /** The unit that ends with this frame; throws `link-malformed` or `link-too-large`. */
  push(frame: LinkFrame): AccessUnit | undefined {
    const starts = (frame.flags & frameFlag.START) !== 0;
    if (starts !== (this.#chunks.length === 0))
      throw new MediaError('link-malformed', 'START and END do not alternate');
    this.#bytes += frame.payload.length;
    if (this.#bytes > this.maxUnitBytes) throw new MediaError('link-too-large', 'A unit is larger than allowed');
    this.#chunks.push(frame.payload);
    if ((frame.flags & frameFlag.END) === 0) return undefined;
    const payload = this.#chunks.length === 1 ? frame.payload : Buffer.concat(this.#chunks);
    this.#chunks = [];
    this.#bytes = 0;
    return decodeUnit(frame, payload);
  }
}

function decodeUnit(frame: LinkFrame, payload: Buffer): AccessUnit {
  const packets: Buffer[] = [];
  let bytes = 0;
  for (let at = 0; at < payload.length;) {
    const end = at + 2 <= payload.length ? at + 2 + payload.readUInt16BE(at) : Infinity;
    if (end > payload.length) throw new MediaError('link-malformed', 'A packet reaches beyond its unit');
    packets.push(payload.subarray(at + 2, end));
    bytes += end - at - 2;
    at = end;
  }
  const headers = packets.map(readRtp);
  if (headers.length === 0 || headers.includes(undefined))
    throw new MediaError('link-malformed', 'A unit holds what is no RTP');
  return {
    track: frame.track,
    key: (frame.flags & frameFlag.KEY) !== 0,
    discontinuity: (frame.flags & frameFlag.DISCONTINUITY) !== 0,
    timestamp: headers[0]!.timestamp,
    captureUs: frame.captureUs,
    packets,
    bytes,
  };
}
