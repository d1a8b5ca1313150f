import type { AccessUnit, SenderReport } from '../access-unit.js';
import { ntpOfTimestamp } from '../hub/timeline.js';
import { writeSenderReport } from '../rtp/control-packet.js';
import { distance, readRtp, rtpHeaderBytes, writeRtp } from '../rtp/packet.js';
import type { Track } from '../stream-description.js';
import { webRtcPayloads } from './fragmenting.js';

export interface WebRtcTarget {
  payloadType: number;
  ssrc: number;
  /** Takes one RTP or RTCP packet, to be encrypted and sent. */
  send(packet: Buffer): void;
}

const reportMs = 5000;

/** One track on its way to one WebRTC viewer: the camera's payloads under the viewer's numbers. */
export class WebRtcTrack {
  /** What is added to the source's sequence numbers, so that only real losses show. */
  #shift = 0;
  #packets = 0;
  #octets = 0;
  #reportedAt = -Infinity;

  constructor(
    readonly track: Track,
    readonly target: WebRtcTarget,
  ) {}

  /** The viewer does not get this unit. */
  leaveOut(unit: AccessUnit): void {
    this.#shift -= unit.packets.length;
  }

  /**
   * Header extensions and CSRCs are the camera's own: the viewer has agreed on none of them.
   * @returns bytes of RTP
   */
  send(unit: AccessUnit, reference: SenderReport | undefined, now: number): number {
    this.#report(unit, reference, now);
    const { payloadType, ssrc, send } = this.target;
    const payloads = webRtcPayloads(unit, this.track.codec);
    const isCut = payloads.length !== unit.packets.length;
    let bytes = 0;
    for (const [index, payload] of payloads.entries()) {
      // Packets that are cut anew follow the first one; others keep their own number and mark.
      const header = readRtp(unit.packets[isCut ? 0 : index])!;
      const marker = isCut ? index === payloads.length - 1 : header.marker;
      const sequence = header.sequence + this.#shift + (isCut ? index : 0);
      send(writeRtp({ ...header, marker, payloadType, ssrc, sequence }, payload));
      bytes += rtpHeaderBytes + payload.length;
    }
    const numbers = numbersOf(unit);
    const hasHole = numbers !== unit.packets.length;
    if (isCut) this.#shift += payloads.length - numbers + (hasHole ? 1 : 0);
    this.#packets += payloads.length;
    this.#octets += bytes - payloads.length * rtpHeaderBytes;
    return bytes;
  }

  /** The wall clock of both tracks is what keeps sound and picture together. */
  #report(unit: AccessUnit, reference: SenderReport | undefined, now: number): void {
    if (!reference || now - this.#reportedAt < reportMs) return;
    this.#reportedAt = now;
    const report = writeSenderReport({
      ssrc: this.target.ssrc,
      ntp: ntpOfTimestamp(reference, unit.timestamp, this.track.clockRate),
      timestamp: unit.timestamp,
      packets: this.#packets,
      octets: this.#octets,
    });
    this.target.send(report);
  }
}

/** Sequence numbers that the source gave to a unit, lost packets included. */
function numbersOf({ packets }: AccessUnit): number {
  const [first, last] = [packets[0], packets[packets.length - 1]].map((packet) => packet.readUInt16BE(2));
  return distance(first, last, 16) + 1;
}
