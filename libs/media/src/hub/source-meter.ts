import type { AccessUnit } from '../access-unit.js';
import { CaptureClock } from '../capture-clock.js';
import { type Quantiles, RecentValues } from './recent-values.js';

const bucketMs = 1000;
const buckets = 10;

/** What a source has delivered of late. */
export interface SourceFigures {
  /** Of all tracks, over the last ten seconds. */
  bitsPerSecond: number;
  /** Of the leading track: video, or else the first one. */
  framesPerSecond: number;
  /** Frames of the last whole group of pictures; undefined before there was one. */
  gopFrames: number | undefined;
  /** Since a viewer could last have begun; undefined before. */
  keyAgeMs: number | undefined;
  /** How evenly units come, against the times at which the site had them (RFC 3550 section 6.4.1). */
  jitterMs: number;
  /** From the site to here, of the last units; undefined before there was one. */
  delayMs: Quantiles | undefined;
}

interface Bucket {
  at: number;
  bytes: number;
  frames: number;
}

/** Measures the units of one hub as they come, before anything is changed in them. */
export class SourceMeter {
  readonly #buckets: Bucket[] = [];
  readonly #delays = new RecentValues();
  /** Sequence number that the next packet of a track should have. */
  readonly #expected = new Map<number, number>();
  #clock = new CaptureClock();
  #keyAt: number | undefined;
  #framesSinceKey = 0;
  #gopFrames: number | undefined;
  #jitterMs = 0;
  #transitMs: number | undefined;
  lostPackets = 0;
  discontinuities = 0;

  constructor(readonly now: () => number = () => performance.now()) {}

  /** The source begins anew: what comes next does not continue what came. */
  restart(): void {
    this.#expected.clear();
    this.#clock = new CaptureClock();
    this.#transitMs = undefined;
    this.#framesSinceKey = 0;
    this.#keyAt = undefined;
  }

  /** @param leads of the track that frames are counted of. @param starts a viewer can begin with the unit */
  unit(unit: AccessUnit, leads: boolean, starts: boolean): void {
    const now = this.now();
    const bucket = this.#bucket(now);
    bucket.bytes += unit.bytes;
    this.#countLost(unit);
    if (!leads) return;
    bucket.frames += 1;
    this.#time(unit, now);
    if (starts) {
      if (this.#keyAt !== undefined && this.#framesSinceKey > 0) this.#gopFrames = this.#framesSinceKey;
      this.#keyAt = now;
      this.#framesSinceKey = 0;
    }
    this.#framesSinceKey += 1;
  }

  get figures(): SourceFigures {
    const now = this.now();
    const oldest = now - buckets * bucketMs;
    const recent = this.#buckets.filter(({ at }) => at > oldest);
    const lastedMs = Math.max(bucketMs, now - (recent[0]?.at ?? now));
    const sum = (of: (bucket: Bucket) => number): number => recent.reduce((total, bucket) => total + of(bucket), 0);
    return {
      bitsPerSecond: Math.round((sum(({ bytes }) => bytes) * 8000) / lastedMs),
      framesPerSecond: (sum(({ frames }) => frames) * 1000) / lastedMs,
      gopFrames: this.#gopFrames,
      keyAgeMs: this.#keyAt === undefined ? undefined : now - this.#keyAt,
      jitterMs: this.#jitterMs,
      delayMs: this.#delays.quantiles(),
    };
  }

  #bucket(now: number): Bucket {
    const last = this.#buckets.at(-1);
    if (last && now - last.at < bucketMs) return last;
    const next = { at: now, bytes: 0, frames: 0 };
    this.#buckets.push(next);
    if (this.#buckets.length > buckets) this.#buckets.shift();
    return next;
  }

  /** What the site left out on purpose is a discontinuity; packets that never reached it are lost. */
  #countLost({ track, packets, discontinuity }: AccessUnit): void {
    const [first, last] = [packets[0].readUInt16BE(2), packets[packets.length - 1].readUInt16BE(2)];
    const expected = this.#expected.get(track);
    if (discontinuity) this.discontinuities += 1;
    else if (expected !== undefined) this.lostPackets += forwards(expected, first);
    this.lostPackets += Math.max(0, forwards(first, last) + 1 - packets.length);
    this.#expected.set(track, (last + 1) & 0xffff);
  }

  #time({ captureUs }: AccessUnit, now: number): void {
    const wallMs = performance.timeOrigin + now;
    this.#delays.add(wallMs - this.#clock.capturedMs(captureUs, wallMs, true));
    const transitMs = wallMs - captureUs / 1000;
    if (this.#transitMs !== undefined) {
      this.#jitterMs += (Math.abs(transitMs - this.#transitMs) - this.#jitterMs) / 16;
    }
    this.#transitMs = transitMs;
  }
}

/** From one sequence number to another; 0 for one that lies behind. */
function forwards(from: number, to: number): number {
  const distance = (to - from) & 0xffff;
  return distance < 0x8000 ? distance : 0;
}
