import { distance, type RtpHeader } from './packet.js';

export interface ReorderLimits {
  /** Packets that may wait for one before them. */
  maxHeld: number;
  /** Longest wait of a packet for one before it. */
  holdMs: number;
}

export const reorderDefaults: ReorderLimits = { maxHeld: 64, holdMs: 50 };

/** Numbers farther ahead are no loss but another stream (RFC 3550 appendix A.1). */
const maxDropout = 3000;
/** Numbers farther back are not late but another stream: a broken packet that led ahead does not silence the ones behind it. */
const maxMisorder = 100;

/**
 * Puts the datagrams of one RTP stream back in order. What does not come in time counts as lost; what comes after that is
 * left out. Another SSRC or a leap of the numbers is followed only when two packets in a row agree on it: one that is
 * forged or broken moves nothing.
 */
export class ReorderBuffer {
  readonly #held = new Map<number, Buffer>();
  #next: number | undefined;
  #ssrc = 0;
  #suspect: { ssrc: number; sequence: number } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lost = 0;
  #late = 0;

  /** `deliver` gets each packet once, in order; `isGap` says that the ones before it are lost. */
  constructor(
    readonly deliver: (packet: Buffer, isGap: boolean) => void,
    readonly limits: ReorderLimits = reorderDefaults,
  ) {}

  /** Packets that never came, or came too late. */
  get lost(): number {
    return this.#lost;
  }

  /** Packets that came twice or too late. */
  get late(): number {
    return this.#late;
  }

  push(packet: Buffer, { sequence, ssrc }: Pick<RtpHeader, 'sequence' | 'ssrc'>): void {
    if (this.#next === undefined) return this.#restart(packet, { sequence, ssrc }, false);
    const ahead = distance(this.#next, sequence, 16);
    if (ssrc !== this.#ssrc || ahead > maxDropout || ahead < -maxMisorder)
      return this.#leap(packet, { sequence, ssrc });
    this.#suspect = undefined;
    if (ahead === 0) return this.#pass(packet, false);
    if (ahead < 0 || this.#held.has(sequence)) {
      this.#late++;
      return;
    }
    this.#held.set(sequence, packet);
    if (this.#held.size > this.limits.maxHeld) this.#skip();
    else this.#wait();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#held.clear();
  }

  #leap(packet: Buffer, { sequence, ssrc }: { sequence: number; ssrc: number }): void {
    const agreed = this.#suspect?.ssrc === ssrc && this.#suspect.sequence === sequence;
    if (agreed) return this.#restart(packet, { sequence, ssrc }, true);
    this.#suspect = { ssrc, sequence: (sequence + 1) & 0xffff };
  }

  #restart(packet: Buffer, { sequence, ssrc }: { sequence: number; ssrc: number }, isGap: boolean): void {
    this.#held.clear();
    this.#suspect = undefined;
    this.#ssrc = ssrc;
    this.#next = sequence;
    this.#pass(packet, isGap);
  }

  /** Passes on the packet that is due and all that waited for it. */
  #pass(packet: Buffer, isGap: boolean): void {
    let due: Buffer | undefined = packet;
    let gap = isGap;
    while (due) {
      this.#next = (this.#next! + 1) & 0xffff;
      this.deliver(due, gap);
      gap = false;
      due = this.#held.get(this.#next);
      this.#held.delete(this.#next);
    }
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#wait();
  }

  #wait(): void {
    if (this.#held.size > 0) this.#timer ??= setTimeout(() => this.#skip(), this.limits.holdMs);
  }

  /** Gives up what is missing before the packet that waits at the front. */
  #skip(): void {
    const next = this.#next!;
    const missing = Math.min(...[...this.#held.keys()].map((sequence) => distance(next, sequence, 16)));
    const first = (next + missing) & 0xffff;
    const packet = this.#held.get(first)!;
    this.#held.delete(first);
    this.#lost += missing;
    this.#next = first;
    this.#pass(packet, true);
  }
}
