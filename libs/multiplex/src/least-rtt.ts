/** How long a least round trip is believed that no other confirms. */
const MEMORY_MS = 10_000;
/** A round trip as short as this confirms it. */
const CONFIRMS = 1.05;
const CONFIRMS_MS = 1;
/** The shortest time for which an empty path is looked at. */
const LOOK_MS = 10;

/**
 * The time that the path alone takes. Our own queue is in every round trip while there is much to send, so that one which
 * was not confirmed for long is measured anew, with little under way (ProbeRTT of BBR): `emptied` says when there is.
 */
export class LeastRtt {
  /** Infinity while unknown. */
  ms = Number.POSITIVE_INFINITY;
  /** Little may be under way: it is being measured. */
  measures = false;
  /** A PING should go now. */
  wantsPing = false;
  private confirmedAtMs: number;
  private emptyAtMs: number | undefined;
  private seenMs = Number.POSITIVE_INFINITY;

  constructor(nowMs: number) {
    this.confirmedAtMs = nowMs;
  }

  note(rttMs: number, nowMs: number): void {
    if (rttMs <= this.ms * CONFIRMS + CONFIRMS_MS) this.confirmedAtMs = nowMs;
    this.ms = Math.min(this.ms, rttMs);
    if (!this.measures) {
      this.measures = nowMs - this.confirmedAtMs > MEMORY_MS;
      return;
    }
    if (this.emptyAtMs === undefined || nowMs - rttMs < this.emptyAtMs - 0.01) return;
    this.seenMs = Math.min(this.seenMs, rttMs);
    if (nowMs - this.emptyAtMs < Math.max(LOOK_MS, 1.5 * this.seenMs)) return;
    this.ms = this.seenMs;
    this.confirmedAtMs = nowMs;
    this.forget();
  }

  /** What was under way beyond the little has arrived. */
  emptied(nowMs: number): void {
    if (!this.measures || this.emptyAtMs !== undefined) return;
    this.emptyAtMs = nowMs;
    this.wantsPing = true;
  }

  /** Begun measurements end. */
  forget(): void {
    this.measures = false;
    this.wantsPing = false;
    this.emptyAtMs = undefined;
    this.seenMs = Number.POSITIVE_INFINITY;
  }
}
