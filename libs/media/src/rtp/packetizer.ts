import { writeRtp } from './packet.js';

/** Largest RTP payload: with all headers it stays below an Ethernet frame. */
const maxPayloadBytes = 1400;

export interface PacketizerFields {
  payloadType: number;
  ssrc: number;
  /** Sequence number of the first packet. */
  sequence: number;
  timestamp: number;
}

/** RTP packets of one H.264 access unit: single NAL unit packets and FU-A (RFC 6184 packetization-mode 1), marker on the last. */
export function packetizeH264(units: Buffer[], fields: PacketizerFields): Buffer[] {
  const payloads = units.flatMap((unit) => (unit.length <= maxPayloadBytes ? [[unit]] : fragments(unit)));
  return payloads.map((parts, index) =>
    writeRtp({ ...fields, sequence: fields.sequence + index, marker: index === payloads.length - 1 }, ...parts),
  );
}

function fragments(unit: Buffer): Buffer[][] {
  const room = maxPayloadBytes - 2;
  const header = unit[0];
  const parts: Buffer[][] = [];
  for (let at = 1; at < unit.length; at += room) {
    const end = Math.min(unit.length, at + room);
    const edge = (at === 1 ? 0x80 : 0) | (end === unit.length ? 0x40 : 0);
    parts.push([Buffer.from([(header & 0xe0) | 28, edge | (header & 0x1f)]), unit.subarray(at, end)]);
  }
  return parts;
}
