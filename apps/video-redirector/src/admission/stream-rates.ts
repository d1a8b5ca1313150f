import type { Hub } from '@app/media';
import { RateMeter } from './rate-meter.js';

/** Who paused, or let it run as fast as it can, tells little of what the next viewer of a recording will take. */
const LEAST_BITS_PER_S = 1_000_000;
const MOST_BITS_PER_S = 8_000_000;
/** The least recently played are forgotten beyond it. */
const MAX_RECORDINGS = 1_000;

/** What streams take, before a viewer of theirs was measured. */
export class StreamRates {
  private readonly hubs = new Map<Hub, RateMeter>();
  private readonly recordings = new Map<string, number>();

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Bits per second of what comes in for it. */
  ofHub(hub: Hub): number | undefined {
    const meter = this.hubs.get(hub) ?? new RateMeter(this.now());
    this.hubs.set(hub, meter);
    return meter.bitsPerS;
  }

  /** Bits per second that its last viewer was sent, between 1 and 8 Mbit/s. */
  ofRecording(key: string): number | undefined {
    return this.recordings.get(key);
  }

  noteRecording(key: string, bitsPerS: number): void {
    this.recordings.delete(key);
    this.recordings.set(key, Math.min(Math.max(bitsPerS, LEAST_BITS_PER_S), MOST_BITS_PER_S));
    if (this.recordings.size <= MAX_RECORDINGS) return;
    const oldest = this.recordings.keys().next();
    if (oldest.done !== true) this.recordings.delete(oldest.value);
  }

  /** To be called every second or so. */
  sample(): void {
    const now = this.now();
    for (const [hub, meter] of this.hubs) {
      const { state, bytes } = hub.stats;
      if (state === 'up') meter.sample(bytes, now);
      else if (state === 'closed') this.hubs.delete(hub);
      else meter.restart(now);
    }
  }
}
