/** Bytes that come in a burst at the beginning, as the cached pictures do, tell nothing about the rate. */
const SETTLE_MS = 1_000;
/** Below it a single keyframe decides. */
const MIN_SPAN_MS = 2_000;
const WINDOW_MS = 10_000;

interface Sample {
  atMs: number;
  bytes: number;
}

/** Bits per second of a growing number of bytes, over the last seconds. */
export class RateMeter {
  private samples: Sample[] = [];
  private known: number | undefined;

  constructor(private startedAtMs: number) {}

  /** Undefined until it has been looked at for some seconds; after a break the last one. */
  get bitsPerS(): number | undefined {
    return this.known;
  }

  sample(bytes: number, nowMs: number): void {
    if (nowMs - this.startedAtMs < SETTLE_MS) return;
    this.samples.push({ atMs: nowMs, bytes });
    while ((this.samples[1]?.atMs ?? Infinity) <= nowMs - WINDOW_MS) this.samples.shift();
    const [first] = this.samples;
    const spanMs = nowMs - (first?.atMs ?? nowMs);
    if (first && spanMs >= MIN_SPAN_MS) this.known = Math.round(((bytes - first.bytes) * 8_000) / spanMs);
  }

  /** Nothing comes for a reason of its own: what comes later is measured anew. */
  restart(nowMs: number): void {
    this.samples = [];
    this.startedAtMs = nowMs;
  }
}
