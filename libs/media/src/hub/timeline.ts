import type { AccessUnit, SenderReport } from '../access-unit.js';
import { readRtp, distance } from '../rtp/packet.js';
import { ntpOfUs } from '../wall-clock.js';

/** Gap between the end of one session and the start of the next that is used when the clock says less. */
const minStepUs = 1000;

/**
 * Keeps SSRC, sequence numbers and timestamps of one track continuous for the viewers when the source begins anew.
 * The first session passes unchanged; later ones are moved by the wall clock that passed.
 */
export class Timeline {
  #ssrc: number | undefined;
  #sourceSsrc = 0;
  #sequenceOffset = 0;
  #timestampOffset = 0;
  #nextSequence = 0;
  #lastTimestamp = 0;
  #lastCaptureUs = 0;
  #fresh = true;
  #report: SenderReport | undefined;
  #anchor: SenderReport | undefined;

  constructor(
    readonly track: number,
    readonly clockRate: number,
  ) {}

  /** The next unit comes from a new session of the source. */
  restart(): void {
    this.#fresh = true;
    this.#report = undefined;
    this.#anchor = undefined;
  }

  /** Sequence number of the packet after the last one mapped. */
  get nextSequence(): number {
    return this.#nextSequence;
  }

  /** Rewrites the headers of a unit in place. */
  map(unit: AccessUnit): void {
    const first = readRtp(unit.packets[0])!;
    this.#ssrc ??= first.ssrc;
    if (this.#fresh || first.ssrc !== this.#sourceSsrc) this.#align(first.sequence, first.timestamp, unit.captureUs);
    else if (unit.discontinuity) this.#sequenceOffset = (this.#nextSequence - first.sequence) & 0xffff;
    this.#sourceSsrc = first.ssrc;
    this.#fresh = false;
    const unchanged = this.#sequenceOffset === 0 && this.#timestampOffset === 0 && this.#ssrc === first.ssrc;
    for (const packet of unchanged ? [] : unit.packets) {
      packet.writeUInt16BE((packet.readUInt16BE(2) + this.#sequenceOffset) & 0xffff, 2);
      packet.writeUInt32BE((packet.readUInt32BE(4) + this.#timestampOffset) >>> 0, 4);
      packet.writeUInt32BE(this.#ssrc, 8);
    }
    unit.timestamp = (unit.timestamp + this.#timestampOffset) >>> 0;
    this.#nextSequence = (unit.packets.at(-1)!.readUInt16BE(2) + 1) & 0xffff;
    this.#lastTimestamp = unit.timestamp;
    this.#lastCaptureUs = unit.captureUs;
    this.#anchor ??= { track: this.track, ntp: ntpOfUs(unit.captureUs), timestamp: unit.timestamp };
  }

  /** `count` packets of our own were put in front of the unit mapped last. */
  insert(count: number): void {
    this.#sequenceOffset = (this.#sequenceOffset + count) & 0xffff;
    this.#nextSequence = (this.#nextSequence + count) & 0xffff;
  }

  /** Takes a report in the source's clock and returns it in the viewers'; undefined before the first unit of a session. */
  take(report: SenderReport): SenderReport | undefined {
    this.#report = report;
    return this.#fresh ? undefined : this.reference();
  }

  /** The relation of RTP clock to wall clock that viewers are told. */
  reference(): SenderReport | undefined {
    if (!this.#report || this.#fresh) return this.#anchor;
    return { ...this.#report, timestamp: (this.#report.timestamp + this.#timestampOffset) >>> 0 };
  }

  #align(sequence: number, timestamp: number, captureUs: number): void {
    if (this.#lastCaptureUs === 0) return;
    const elapsedUs = Math.max(captureUs - this.#lastCaptureUs, minStepUs);
    const step = Math.max(1, Math.round((elapsedUs / 1e6) * this.clockRate));
    this.#sequenceOffset = (this.#nextSequence - sequence) & 0xffff;
    this.#timestampOffset = (this.#lastTimestamp + step - timestamp) >>> 0;
  }
}

/** NTP time of an RTP timestamp near the reference. */
export function ntpOfTimestamp(reference: SenderReport, timestamp: number, clockRate: number): bigint {
  const ticks = distance(reference.timestamp, timestamp, 32);
  return BigInt.asUintN(64, reference.ntp + (BigInt(ticks) << 32n) / BigInt(clockRate));
}
