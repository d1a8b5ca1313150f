/** What this lib reads and writes of RTCP (RFC 3550 section 6): sender reports, receiver reports, BYE. */
export type ControlPacket =
  | { kind: 'sender-report'; ssrc: number; ntp: bigint; timestamp: number }
  | { kind: 'receiver-report'; report: ReceiverReport | undefined }
  | { kind: 'bye' };

/** The first block of a receiver report. */
export interface ReceiverReport {
  /** Extended highest sequence number received. */
  highestSequence: number;
  /** Packets lost since the report before, 0 … 1. */
  lossFraction: number;
}

const senderReport = 200;
const receiverReport = 201;
const bye = 203;

/** Reads a compound packet; stops without error where it is malformed. */
export function readControlPackets(data: Buffer): ControlPacket[] {
  const packets: ControlPacket[] = [];
  let at = 0;
  while (at + 4 <= data.length && data[at] >> 6 === 2) {
    const end = at + 4 + data.readUInt16BE(at + 2) * 4;
    if (end > data.length) break;
    const packet = readOne(data.subarray(at, end));
    if (packet) packets.push(packet);
    at = end;
  }
  return packets;
}

function readOne(data: Buffer): ControlPacket | undefined {
  const type = data[1];
  if (type === senderReport && data.length >= 28) {
    const ntp = data.readBigUInt64BE(8);
    return { kind: 'sender-report', ssrc: data.readUInt32BE(4), ntp, timestamp: data.readUInt32BE(16) };
  }
  if (type === receiverReport && data.length >= 8) {
    const report =
      data.length >= 32 ? { highestSequence: data.readUInt32BE(16), lossFraction: data[12] / 256 } : undefined;
    return { kind: 'receiver-report', report };
  }
  return type === bye ? { kind: 'bye' } : undefined;
}

export interface SenderReportFields {
  ssrc: number;
  ntp: bigint;
  timestamp: number;
  packets: number;
  octets: number;
}

/** A compound packet of one sender report without report blocks and the mandatory SDES CNAME. */
export function writeSenderReport(fields: SenderReportFields): Buffer {
  const data = Buffer.alloc(28);
  data[0] = 0x80;
  data[1] = senderReport;
  data.writeUInt16BE(6, 2);
  data.writeUInt32BE(fields.ssrc >>> 0, 4);
  data.writeBigUInt64BE(BigInt.asUintN(64, fields.ntp), 8);
  data.writeUInt32BE(fields.timestamp >>> 0, 16);
  data.writeUInt32BE(fields.packets >>> 0, 20);
  data.writeUInt32BE(fields.octets >>> 0, 24);
  return Buffer.concat([data, sourceDescription(fields.ssrc)]);
}

/** One block of a receiver report as it is written. */
export interface ReceptionBlock {
  /** Of the stream that is told of. */
  ssrc: number;
  /** Lost since the report before, 0 … 1. */
  lossFraction: number;
  /** Lost in all; negative when packets came twice. */
  lost: number;
  /** Extended highest sequence number received. */
  highestSequence: number;
  /** In units of the track's clock. */
  jitter: number;
  /** The middle 32 bits of the last sender report's NTP time; 0 before the first. */
  lastReport: number;
  /** Since that report arrived. */
  delayMs: number;
}

/** A compound packet of one receiver report, with no block while nothing was received, and the SDES CNAME. */
export function writeReceiverReport(ssrc: number, block?: ReceptionBlock): Buffer {
  const data = Buffer.alloc(block ? 32 : 8);
  data[0] = block ? 0x81 : 0x80;
  data[1] = receiverReport;
  data.writeUInt16BE(data.length / 4 - 1, 2);
  data.writeUInt32BE(ssrc >>> 0, 4);
  if (block) {
    data.writeUInt32BE(block.ssrc >>> 0, 8);
    data[12] = Math.min(255, Math.floor(block.lossFraction * 256));
    data.writeIntBE(Math.max(-0x80_0000, Math.min(0x7f_ffff, block.lost)), 13, 3);
    data.writeUInt32BE(block.highestSequence >>> 0, 16);
    data.writeUInt32BE(Math.round(block.jitter) >>> 0, 20);
    data.writeUInt32BE(block.lastReport >>> 0, 24);
    data.writeUInt32BE(Math.round((block.delayMs * 65_536) / 1000) >>> 0, 28);
  }
  return Buffer.concat([data, sourceDescription(ssrc)]);
}

/** The CNAME that every compound packet has to carry. */
function sourceDescription(ssrc: number): Buffer {
  const data = Buffer.alloc(16);
  data[0] = 0x81;
  data[1] = 202;
  data.writeUInt16BE(3, 2);
  data.writeUInt32BE(ssrc >>> 0, 4);
  data[8] = 1;
  data[9] = 4;
  data.write('adit', 10, 'latin1');
  return data;
}

/**
 * A BYE of one source behind an empty receiver report, as RFC 3550 section 6.1 wants compound packets.
 * @param reason for leaving, at most 255 bytes
 */
export function writeBye(ssrc: number, reason = ''): Buffer {
  const text = Buffer.from(reason);
  const words = text.length === 0 ? 0 : Math.ceil((1 + text.length) / 4);
  const data = Buffer.alloc(16 + words * 4);
  data[0] = 0x80;
  data[1] = receiverReport;
  data.writeUInt16BE(1, 2);
  data.writeUInt32BE(ssrc >>> 0, 4);
  data[8] = 0x81;
  data[9] = bye;
  data.writeUInt16BE(1 + words, 10);
  data.writeUInt32BE(ssrc >>> 0, 12);
  if (words > 0) {
    data[16] = text.length;
    text.copy(data, 17);
  }
  return data;
}
