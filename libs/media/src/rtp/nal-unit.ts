/** What a payload carries, as bits, so that the flags of several packets can be or-ed. */
export const nal = { key: 1, parameters: 2, slice: 4 } as const;

const h264Sps = 7;
const h264Pps = 8;
const h264Idr = 5;

function h264Flags(type: number): number {
  if (type === h264Idr) return nal.key | nal.slice;
  if (type === h264Sps) return nal.parameters;
  return type >= 1 && type <= 4 ? nal.slice : 0;
}

/** Flags of one H.264 RTP payload: single NAL unit, STAP-A or FU-A (RFC 6184 section 5). */
export function inspectH264(payload: Buffer): number {
  const type = (payload[0] ?? 0) & 0x1f;
  if (type === 24) {
    let flags = 0;
    for (let at = 1; at + 3 <= payload.length;) {
      flags |= h264Flags(payload[at + 2] & 0x1f);
      at += 2 + payload.readUInt16BE(at);
    }
    return flags;
  }
  if (type === 28 || type === 29) return h264Flags((payload[1] ?? 0) & 0x1f);
  return h264Flags(type);
}

function h265Flags(type: number): number {
  // 16–21 are the random access pictures BLA, IDR and CRA (H.265 table 7-1).
  if (type >= 16 && type <= 21) return nal.key | nal.slice;
  if (type === 33) return nal.parameters;
  return type < 32 ? nal.slice : 0;
}

/** Flags of one H.265 RTP payload: single NAL unit, AP or FU (RFC 7798 section 4.4), without DONL fields. */
export function inspectH265(payload: Buffer): number {
  const type = ((payload[0] ?? 0) >> 1) & 0x3f;
  if (type === 48) {
    let flags = 0;
    for (let at = 2; at + 3 <= payload.length;) {
      flags |= h265Flags((payload[at + 2] >> 1) & 0x3f);
      at += 2 + payload.readUInt16BE(at);
    }
    return flags;
  }
  if (type === 49) return h265Flags((payload[2] ?? 0) & 0x3f);
  return h265Flags(type);
}

/** The inspector of a codec; undefined for codecs in which every unit stands alone for this lib. */
export function inspectorOf(codec: string): ((payload: Buffer) => number) | undefined {
  if (codec === 'H264') return inspectH264;
  return codec === 'H265' ? inspectH265 : undefined;
}

/** Type of an H.264 NAL unit; exported for clips and parameter sets. */
export const h264 = {
  typeOf: (unit: Buffer): number => (unit[0] ?? 0) & 0x1f,
  sps: h264Sps,
  pps: h264Pps,
  idr: h264Idr,
  aud: 9,
};
