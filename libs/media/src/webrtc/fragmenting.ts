import type { AccessUnit } from '../access-unit.js';
import { nalUnitsOf } from '../rtp/depacketizer.js';
import { splitH264 } from '../rtp/packetizer.js';
import { readRtp } from '../rtp/packet.js';

/**
 * Largest RTP payload for WebRTC: with RTP, SRTP, UDP and IPv6 headers it passes a path of 1,280 bytes, the least that IPv6 carries. WebRTC sends
 * with "don't fragment", so what is larger than the path is lost for good.
 */
export const maxWebRtcPayloadBytes = 1200;

const cut = new WeakMap<AccessUnit, Buffer[]>();

/** The payloads of a unit's packets, and of an H.264 unit that has one too large the same NAL units in smaller ones. Cut once for all viewers. */
export function webRtcPayloads(unit: AccessUnit, codec: string): Buffer[] {
  const known = cut.get(unit);
  if (known) return known;
  const payloads = unit.packets.map((packet) => {
    const { payloadStart, payloadEnd } = readRtp(packet)!;
    return packet.subarray(payloadStart, payloadEnd);
  });
  const fits = codec !== 'H264' || payloads.every(({ length }) => length <= maxWebRtcPayloadBytes);
  if (fits) return payloads;
  const made = splitH264(nalUnitsOf(codec, payloads), maxWebRtcPayloadBytes).map((parts) => Buffer.concat(parts));
  cut.set(unit, made);
  return made;
}
