import type { Sample } from './recording.js';

export interface ReplayMarks {
  /** Low byte of the CSeq of the PLAY. */
  cseq: number;
  /** The section ends with this picture (E). */
  ends: boolean;
  /** What came before is not what was before (D). */
  discontinuity: boolean;
}

const SECONDS_1900_TO_1970 = 2_208_988_800n;
const MAX_PAYLOAD = 1300;

/** NTP time, 32.32 fixed point. */
export const ntpOf = (ms: number): bigint =>
  ((BigInt(Math.floor(ms / 1000)) + SECONDS_1900_TO_1970) << 32n) + (BigInt(Math.round(ms % 1000)) << 32n) / 1000n;

export const rtpTimeOf = (ms: number): number => Number(BigInt(Math.round(ms * 90)) & 0xffffffffn);

/** The extension of ONVIF Streaming section 6.3: profile 0xABAC, NTP time, C E D, CSeq. */
const extension = (sample: Sample, { cseq, ends, discontinuity }: ReplayMarks): Buffer => {
  const data = Buffer.alloc(16);
  data.writeUInt16BE(0xabac, 0);
  data.writeUInt16BE(3, 2);
  data.writeBigUInt64BE(ntpOf(sample.atMs), 4);
  data[12] = (sample.key ? 0x80 : 0) | (ends ? 0x40 : 0) | (discontinuity ? 0x20 : 0);
  data[13] = cseq;
  return data;
};

/** RTP packets of one picture by RFC 6184; the first one carries the extension. */
export const packetize = (sample: Sample, sequence: number, ssrc: number, marks: ReplayMarks): Buffer[] => {
  const payloads = sample.units.flatMap((unit) => (unit.length <= MAX_PAYLOAD ? [unit] : fragments(unit)));
  return payloads.map((payload, index) => {
    const header = Buffer.alloc(12);
    header[0] = index === 0 ? 0x90 : 0x80;
    header[1] = (index === payloads.length - 1 ? 0x80 : 0) | 96;
    header.writeUInt16BE((sequence + index) & 0xffff, 2);
    header.writeUInt32BE(rtpTimeOf(sample.atMs), 4);
    header.writeUInt32BE(ssrc, 8);
    return Buffer.concat(index === 0 ? [header, extension(sample, marks), payload] : [header, payload]);
  });
};

const fragments = (unit: Buffer): Buffer[] => {
  const first = unit[0] ?? 0;
  const parts: Buffer[] = [];
  for (let at = 1; at < unit.length; at += MAX_PAYLOAD) {
    const end = Math.min(unit.length, at + MAX_PAYLOAD);
    const edge = (at === 1 ? 0x80 : 0) | (end === unit.length ? 0x40 : 0);
    parts.push(Buffer.concat([Buffer.from([(first & 0xe0) | 28, edge | (first & 0x1f)]), unit.subarray(at, end)]));
  }
  return parts;
};

export const senderReport = (ssrc: number, atMs: number): Buffer => {
  const data = Buffer.alloc(28);
  data.writeUInt32BE(0x80c80006, 0);
  data.writeUInt32BE(ssrc, 4);
  data.writeBigUInt64BE(ntpOf(atMs), 8);
  data.writeUInt32BE(rtpTimeOf(atMs), 16);
  return data;
};

/** BYE behind an empty receiver report: some players ignore RTCP that is shorter than an RTP header. */
export const goodbye = (ssrc: number): Buffer => {
  const data = Buffer.alloc(16);
  data.writeUInt32BE(0x80c90001, 0);
  data.writeUInt32BE(ssrc, 4);
  data.writeUInt32BE(0x81cb0001, 8);
  data.writeUInt32BE(ssrc, 12);
  return data;
};

export const interleaved = (channel: number, packet: Buffer): Buffer =>
  Buffer.concat([Buffer.from([0x24, channel, packet.length >> 8, packet.length & 0xff]), packet]);
