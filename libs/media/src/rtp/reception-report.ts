import type { ReceptionBlock } from './control-packet.js';
import { distance, type RtpHeader } from './packet.js';

/** What a receiver tells of one RTP stream (RFC 3550 sections 6.4.1 and A.8), from every packet as it arrives. */
export class ReceptionReport {
  #ssrc: number | undefined;
  #base = 0;
  #highest = 0;
  #received = 0;
  #jitter = 0;
  #transit: number | undefined;
  #expectedBefore = 0;
  #receivedBefore = 0;
  #lastReport: { middle: number; atMs: number } | undefined;

  constructor(readonly clockRate: number) {}

  /** Mean deviation of the packets' spacing. */
  get jitterMs(): number {
    return (this.#jitter / this.clockRate) * 1000;
  }

  see({ ssrc, sequence, timestamp }: Pick<RtpHeader, 'ssrc' | 'sequence' | 'timestamp'>, nowMs: number): void {
    if (ssrc !== this.#ssrc) this.#begin(ssrc, sequence);
    this.#received++;
    const ahead = distance(this.#highest & 0xffff, sequence, 16);
    if (ahead > 0) this.#highest += ahead;
    const transit = ((nowMs / 1000) * this.clockRate - timestamp) % 2 ** 32;
    if (this.#transit !== undefined) {
      const change = Math.abs(distance(Math.trunc(this.#transit), Math.trunc(transit), 32));
      this.#jitter += (change - this.#jitter) / 16;
    }
    this.#transit = transit;
  }

  /** A sender report came: the next block says when. `ntp` is 32.32 fixed point. */
  seeReport(ntp: bigint, nowMs: number): void {
    this.#lastReport = { middle: Number(BigInt.asUintN(32, ntp >> 16n)), atMs: nowMs };
  }

  /** The block since the one before; undefined before the first packet. */
  next(nowMs: number): ReceptionBlock | undefined {
    if (this.#ssrc === undefined) return undefined;
    const expected = this.#highest - this.#base + 1;
    const expectedNow = expected - this.#expectedBefore;
    const lostNow = expectedNow - (this.#received - this.#receivedBefore);
    this.#expectedBefore = expected;
    this.#receivedBefore = this.#received;
    return {
      ssrc: this.#ssrc,
      lossFraction: expectedNow > 0 ? Math.max(0, lostNow) / expectedNow : 0,
      lost: expected - this.#received,
      highestSequence: this.#highest,
      jitter: this.#jitter,
      lastReport: this.#lastReport?.middle ?? 0,
      delayMs: this.#lastReport ? nowMs - this.#lastReport.atMs : 0,
    };
  }

  #begin(ssrc: number, sequence: number): void {
    this.#ssrc = ssrc;
    this.#base = sequence;
    this.#highest = sequence;
    this.#received = 0;
    this.#expectedBefore = 0;
    this.#receivedBefore = 0;
    this.#transit = undefined;
    this.#jitter = 0;
    this.#lastReport = undefined;
  }
}
