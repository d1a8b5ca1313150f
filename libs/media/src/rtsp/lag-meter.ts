import { distance } from '../rtp/packet.js';

/** About 20 seconds of video; a receiver further behind than that is seen by its full socket. */
const maxEntries = 512;

/**
 * How far a viewer is behind, from its RTCP receiver reports: the kernel takes seconds of video
 * before a socket shows any backlog, but the report names the last packet the player has read.
 */
export class LagMeter {
  readonly #sent: { sequence: number; at: number }[] = [];
  /** No report before this number is believed. */
  #floor: number | undefined;
  #newest = 0;

  /** A unit was sent; `sequence` is that of its last packet. */
  sent(sequence: number, at: number): void {
    this.#floor ??= sequence;
    this.#newest = sequence;
    this.#sent.push({ sequence, at });
    if (this.#sent.length > maxEntries) this.#sent.shift();
  }

  /** Milliseconds since the first unit was sent that the report does not cover; undefined for a number that was never sent. */
  lagMs(highestSequence: number, now: number): number | undefined {
    const sequence = highestSequence & 0xffff;
    if (
      this.#floor === undefined ||
      distance(this.#floor, sequence, 16) < 0 ||
      distance(sequence, this.#newest, 16) < 0
    )
      return undefined;
    this.#floor = sequence;
    while (this.#sent.length > 0 && distance(this.#sent[0].sequence, sequence, 16) >= 0) this.#sent.shift();
    return this.#sent.length > 0 ? now - this.#sent[0].at : 0;
  }
}
