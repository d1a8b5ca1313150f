import type { Clock } from './config.js';

/** Longest burst. */
const BUCKET_MS = 30;
/** TLS records and IP are not counted in what we write. */
const OVERHEAD = 0.98;
/** Share of the bucket that only control and events may use. */
const RESERVE = 0.25;

/** A limit on all bytes written by a session, headers and repetitions included. */
export class UplinkCap {
  /** Bytes per ms; undefined without a cap. */
  private rate: number | undefined;
  private tokens = 0;
  private refilledAtMs: number;

  constructor(
    private readonly clock: Clock,
    bytesPerSecond: number | undefined,
  ) {
    this.refilledAtMs = clock.steadyMs();
    this.set(bytesPerSecond);
  }

  set(bytesPerSecond: number | undefined): void {
    this.rate = bytesPerSecond === undefined ? undefined : (bytesPerSecond * OVERHEAD) / 1_000;
    this.tokens = Math.min(this.tokens, this.bucketBytes);
  }

  get frameBytes(): number {
    return this.rate === undefined ? Number.POSITIVE_INFINITY : Math.max(1_024, Math.floor(this.bucketBytes / 3));
  }

  spend(bytes: number): void {
    if (this.rate !== undefined) this.tokens -= bytes;
  }

  /** @param reserved for control and events */
  allows(reserved: boolean): boolean {
    if (this.rate === undefined) return true;
    const now = this.clock.steadyMs();
    this.tokens = Math.min(this.bucketBytes, this.tokens + (now - this.refilledAtMs) * this.rate);
    this.refilledAtMs = now;
    return this.tokens > (reserved ? 0 : this.bucketBytes * RESERVE);
  }

  /** When to look again; undefined without a cap. */
  get waitMs(): number | undefined {
    if (this.rate === undefined) return undefined;
    return Math.max(2, Math.ceil((this.bucketBytes * RESERVE * 1.5 - this.tokens) / this.rate));
  }

  private get bucketBytes(): number {
    return (this.rate ?? 0) * BUCKET_MS;
  }
}
