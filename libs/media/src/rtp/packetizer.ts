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
  const payloads = splitH264(units, maxPayloadBytes);
  return payloads.map((parts, index) =>
    writeRtp({ ...fields, sequence: fields.sequence + index, marker: index === payloads.length - 1 }, ...parts),
  );
}

/** Payloads of at most `maxBytes`, each in parts: single NAL units, and FU-A for the larger ones. */
export function splitH264(units: readonly Buffer[], maxBytes: number): Buffer[][] {
  return units.flatMap((unit) => (unit.length <= maxBytes ? [[unit]] : fragments(unit, maxBytes)));
}

function fragments(unit: Buffer, maxBytes: number): Buffer[][] {
  const room = maxBytes - 2;
  const header = unit[0];
  const parts: Buffer[][] = [];
  for (let at = 1; at < unit.length; at += room) {
    const end = Math.min(unit.length, at + room);
    const edge = (at === 1 ? 0x80 : 0) | (end === unit.length ? 0x40 : 0);
    parts.push([Buffer.from([(header & 0xe0) | 28, edge | (header & 0x1f)]), unit.subarray(at, end)]);
  }
  return parts;
}
