import type { AccessUnit } from '../access-unit.js';
import type { Track } from '../stream-description.js';
import { inspectorOf, nal } from './nal-unit.js';
import { readRtp, type RtpHeader } from './packet.js';

export interface AssemblerLimits {
  maxUnitBytes: number;
  maxUnitPackets: number;
}

export const assemblerDefaults: AssemblerLimits = { maxUnitBytes: 8 << 20, maxUnitPackets: 16_384 };

/**
 * Groups the RTP packets of one track into access units.
 * A unit ends with the marker bit or with another timestamp; a marker on parameter sets alone ends nothing,
 * because some cameras set it on every NAL unit.
 */
export class Assembler {
  readonly #inspect: ((payload: Buffer) => number) | undefined;
  #packets: Buffer[] = [];
  #bytes = 0;
  #flags = 0;
  #timestamp = 0;
  #captureUs = 0;
  #spoiled = false;
  #isGap = false;
  #discontinuity = false;

  constructor(
    readonly track: Track,
    readonly limits: AssemblerLimits = assemblerDefaults,
  ) {
    this.#inspect = inspectorOf(track.codec);
  }

  /** The packets before the next one are lost: the unit they broke off and the one they may have begun are left out. */
  gap(): void {
    this.#isGap = true;
  }

  /** Units that are complete with this packet; what is no RTP of this track is ignored. */
  push(packet: Buffer, captureUs: number): AccessUnit[] {
    const header = readRtp(packet);
    if (!header || header.payloadType !== this.track.payloadType) return [];
    const units: AccessUnit[] = [];
    if (this.#isGap) this.#breakOff(header.timestamp);
    if ((this.#packets.length > 0 || this.#spoiled) && header.timestamp !== this.#timestamp) this.#finish(units);
    this.#append(packet, header, captureUs);
    const alone = this.#inspect !== undefined && (this.#flags & nal.slice) === 0;
    if (this.track.kind === 'audio' || (header.marker && !alone)) this.#finish(units);
    return units;
  }

  /** Each packet of sound stands alone: nothing of it is spoiled by the loss of another. */
  #breakOff(timestamp: number): void {
    this.#isGap = false;
    this.#clear();
    this.#timestamp = timestamp;
    this.#discontinuity = true;
    this.#spoiled = this.track.kind !== 'audio';
  }

  #append(packet: Buffer, header: RtpHeader, captureUs: number): void {
    this.#timestamp = header.timestamp;
    this.#captureUs = captureUs;
    if (this.#spoiled) return;
    this.#bytes += packet.length;
    if (this.#bytes > this.limits.maxUnitBytes || this.#packets.length >= this.limits.maxUnitPackets) {
      this.#spoiled = true;
      this.#packets = [];
      return;
    }
    this.#packets.push(packet);
    if (this.#inspect) this.#flags |= this.#inspect(packet.subarray(header.payloadStart, header.payloadEnd));
  }

  #finish(units: AccessUnit[]): void {
    if (this.#spoiled) this.#discontinuity = true;
    else {
      units.push({
        track: this.track.index,
        key: this.#inspect ? (this.#flags & nal.key) !== 0 : true,
        discontinuity: this.#discontinuity,
        timestamp: this.#timestamp,
        captureUs: this.#captureUs,
        packets: this.#packets,
        bytes: this.#bytes,
      });
      this.#discontinuity = false;
    }
    this.#clear();
  }

  #clear(): void {
    this.#packets = [];
    this.#bytes = 0;
    this.#flags = 0;
    this.#spoiled = false;
  }
}
