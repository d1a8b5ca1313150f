/** A slow and obvious decoder, written from SPEC.md section 2 alone. */
export interface WireFrame {
  readonly type: number;
  readonly flags: number;
  readonly channel: number;
  readonly offset: number;
  readonly payload: string;
}

export function oracleDecode(bytes: Buffer): WireFrame[] {
  const frames: WireFrame[] = [];
  let rest = bytes;
  while (rest.length >= 18) {
    const view = new DataView(rest.buffer, rest.byteOffset, rest.length);
    const length = view.getUint32(14, false);
    if (rest.length < 18 + length) break;
    frames.push({
      type: view.getUint8(0),
      flags: view.getUint8(1),
      channel: view.getUint32(2, false),
      offset: Number(view.getBigUint64(6, false)),
      payload: rest.subarray(18, 18 + length).toString('hex'),
    });
    rest = rest.subarray(18 + length);
  }
  return frames;
}

/** A frame that a receiver acts on; of a DATA frame that is cut short, the part that is there. */
export interface HeardFrame {
  readonly type: number;
  readonly channel: number;
  readonly offset: number;
  readonly payload: Buffer;
}

export interface Hearing {
  readonly frames: HeardFrame[];
  /** Codes that the last header deserves, in no order; empty when all is well so far. */
  readonly codes: string[];
}

const KNOWN = [1, 2, 3, 4, 5, 6, 7, 8, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18];
const DATA = 0x13;

/** What a receiver past WELCOME makes of the bytes, right or wrong. */
export function oracleHear(bytes: Buffer): Hearing {
  const frames: HeardFrame[] = [];
  for (let at = 0; bytes.length - at >= 18;) {
    const codes = faultsOf(bytes, at);
    if (codes.length > 0) return { frames, codes };
    const length = bytes.readUInt32BE(at + 14);
    const [type, known] = [bytes.readUInt8(at), KNOWN.includes(bytes.readUInt8(at))];
    const payload = bytes.subarray(at + 18, at + 18 + length);
    const whole = payload.length === length;
    if (known && (whole || (type === DATA && payload.length > 0))) {
      const offset = Number(bytes.readBigUInt64BE(at + 6));
      frames.push({ type, channel: bytes.readUInt32BE(at + 2), offset, payload });
    }
    at += 18 + length;
  }
  return { frames, codes: [] };
}

function faultsOf(bytes: Buffer, at: number): string[] {
  const [type, flags, length] = [bytes.readUInt8(at), bytes.readUInt8(at + 1), bytes.readUInt32BE(at + 14)];
  const known = KNOWN.includes(type);
  const codes: string[] = [];
  if (!known && (flags & 1) === 0) codes.push('unknown-frame');
  if (known && (flags & 0xfe) !== 0) codes.push('bad-flags');
  if (length > (known && type !== DATA ? 4_096 : 65_536)) codes.push('frame-too-large');
  if (bytes.readBigUInt64BE(at + 6) > 2n ** 53n - 1n) codes.push('bad-offset');
  return codes;
}
