/** Fields of the fixed RTP header (RFC 3550 section 5.1) and where the payload lies. */
export interface RtpHeader {
  marker: boolean;
  payloadType: number;
  sequence: number;
  timestamp: number;
  ssrc: number;
  payloadStart: number;
  payloadEnd: number;
}

export const rtpHeaderBytes = 12;

/** Reads a header; undefined when the packet is no RTP version 2 or is cut short. */
export function readRtp(packet: Buffer): RtpHeader | undefined {
  if (packet.length < rtpHeaderBytes) return undefined;
  const first = packet[0];
  if (first >> 6 !== 2) return undefined;
  let payloadStart = rtpHeaderBytes + (first & 0x0f) * 4;
  if (first & 0x10) {
    if (packet.length < payloadStart + 4) return undefined;
    payloadStart += 4 + packet.readUInt16BE(payloadStart + 2) * 4;
  }
  const payloadEnd = packet.length - (first & 0x20 ? packet.at(-1)! : 0);
  if (payloadEnd < payloadStart) return undefined;
  return {
    marker: (packet[1] & 0x80) !== 0,
    payloadType: packet[1] & 0x7f,
    sequence: packet.readUInt16BE(2),
    timestamp: packet.readUInt32BE(4),
    ssrc: packet.readUInt32BE(8),
    payloadStart,
    payloadEnd,
  };
}

export type RtpFields = Pick<RtpHeader, 'marker' | 'payloadType' | 'sequence' | 'timestamp' | 'ssrc'>;

/** Builds a packet with the fixed header and the given payload parts. */
export function writeRtp(fields: RtpFields, ...payload: Buffer[]): Buffer {
  const header = Buffer.alloc(rtpHeaderBytes);
  header[0] = 0x80;
  header[1] = (fields.marker ? 0x80 : 0) | fields.payloadType;
  header.writeUInt16BE(fields.sequence & 0xffff, 2);
  header.writeUInt32BE(fields.timestamp >>> 0, 4);
  header.writeUInt32BE(fields.ssrc >>> 0, 8);
  return Buffer.concat([header, ...payload]);
}

/** How far timestamp or sequence `b` lies after `a`, in modular arithmetic of `bits` bits; negative when before. */
export function distance(a: number, b: number, bits: 16 | 32): number {
  return bits === 16 ? ((b - a) << 16) >> 16 : (b - a) | 0;
}
