import { type Clock, SYSTEM_CLOCK } from './config.js';

/** Longest burst after a pause. */
const BUCKET_MS = 30;
/** The bucket and the last frame come on top of the rate: with this much less of it no second is over by 5 %. */
const MARGIN = 0.98;
/** Share of the bucket that only control and events may use. A frame of the others is never larger: it leaves no debt. */
const RESERVE = 0.25;
/** The others look again when there is this much more than the reserve, so that they send frames and not crumbs. */
const WORTH = 1.5;
const MIN_FRAME_BYTES = 512;
/** Of a frame beside its DATA: our header and the records. */
const FRAMING_BYTES = 64;
/** Around a TLS 1.3 record (RFC 8446 section 5.2). */
const RECORD_OVERHEAD_BYTES = 22;
/** A cap that is changed meanwhile is noticed by then. */
const MAX_WAIT_MS = 100;

/**
 * A limit on all bytes that are written, headers, repetitions and TLS records included (SPEC.md section 6.2). One object
 * may be given to several sessions: they share its bucket.
 */
export class UplinkCap {
  /** Bytes per ms; undefined without a cap. */
  private rate: number | undefined;
  private limit: number | undefined;
  private tokens = 0;
  private refilledAtMs: number;
  /** @internal sessions that wait for more than the reserve, in turn */
  readonly queue: UplinkShare[] = [];

  constructor(
    bytesPerSecond?: number,
    private readonly clock: Clock = SYSTEM_CLOCK,
  ) {
    this.refilledAtMs = clock.steadyMs();
    this.set(bytesPerSecond);
  }

  get bytesPerSecond(): number | undefined {
    return this.limit;
  }

  /** From now on; undefined lifts the cap. */
  set(bytesPerSecond: number | undefined): void {
    if (bytesPerSecond === this.limit) return;
    if (this.rate === undefined) this.refilledAtMs = this.clock.steadyMs();
    else this.refill();
    this.limit = bytesPerSecond;
    this.rate = bytesPerSecond === undefined ? undefined : (bytesPerSecond * MARGIN) / 1_000;
    this.tokens = Math.min(this.tokens, this.bucketBytes);
  }

  /** Bytes of DATA in one frame. */
  get frameBytes(): number {
    if (this.rate === undefined) return Number.POSITIVE_INFINITY;
    return Math.max(MIN_FRAME_BYTES, Math.floor(this.bucketBytes * RESERVE) - FRAMING_BYTES);
  }

  spend(bytes: number): void {
    if (this.rate !== undefined) this.tokens -= bytes;
  }

  /** What TLS adds to so many bytes of one write. @param recordBytes of one record at most */
  spendRecords(bytes: number, recordBytes: number): void {
    if (this.rate !== undefined) this.tokens -= Math.ceil(bytes / recordBytes) * RECORD_OVERHEAD_BYTES;
  }

  /** What one session takes of it. @param look called when it is worth looking again */
  share(look: () => void): UplinkShare {
    return new UplinkShare(this, look);
  }

  /** @internal @param reserved for control and events */
  allows(reserved: boolean): boolean {
    if (this.rate === undefined) return true;
    this.refill();
    return this.tokens > (reserved ? 0 : this.bucketBytes * RESERVE);
  }

  /** @internal when to look again. @param reserved for control and events */
  waitMs(reserved: boolean): number {
    if (this.rate === undefined) return 0;
    const wanted = reserved ? 0 : this.bucketBytes * RESERVE * WORTH;
    return Math.min(MAX_WAIT_MS, Math.max(1, Math.ceil((wanted - this.tokens) / this.rate)));
  }

  private refill(): void {
    const now = this.clock.steadyMs();
    this.tokens = Math.min(this.bucketBytes, this.tokens + (now - this.refilledAtMs) * (this.rate ?? 0));
    this.refilledAtMs = now;
  }

  private get bucketBytes(): number {
    return (this.rate ?? 0) * BUCKET_MS;
  }
}

/** Of all sessions that were given none. */
export const UNCAPPED = new UplinkCap();

/** One session's part of a cap. Sessions that want more than there is take turns, whichever looks first. */
export class UplinkShare {
  private timer: NodeJS.Timeout | undefined;
  /** Where it stood in the queue; 0 is its turn. */
  private place = 0;
  private isServed = false;

  constructor(
    readonly cap: UplinkCap,
    private readonly look: () => void,
  ) {}

  /** Before a round of `allows`. It leaves the queue, unless it waits again: one that cannot send must not hold it up. */
  begin(): void {
    const { queue } = this.cap;
    const place = queue.indexOf(this);
    this.place = place === -1 ? queue.length : place;
    this.isServed = false;
    if (place !== -1) queue.splice(place, 1);
  }

  /** @param reserved for control and events */
  allows(reserved: boolean): boolean {
    if (reserved) return this.cap.allows(true);
    const allowed = (this.place === 0 || this.cap.bytesPerSecond === undefined) && this.cap.allows(false);
    if (allowed) this.isServed = true;
    return allowed;
  }

  /** There is more to send than was allowed. @param reserved for control and events */
  wait(reserved: boolean): void {
    const { queue } = this.cap;
    queue.splice(this.isServed ? queue.length : this.place, 0, this);
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.look();
    }, this.cap.waitMs(reserved)).unref();
  }

  close(): void {
    clearTimeout(this.timer);
    const place = this.cap.queue.indexOf(this);
    if (place !== -1) this.cap.queue.splice(place, 1);
  }
}
