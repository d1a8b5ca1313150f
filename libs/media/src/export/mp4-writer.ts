import { fragment, type TrackRun } from '../fmp4/fragment.js';
import { initSegment } from '../fmp4/init-segment.js';
import type { TrackFormat } from '../fmp4/track-format.js';
import { ntpOfUs } from '../wall-clock.js';
import { FragmentIndex, referenceTime } from './mp4-index.js';
import { PictureClock, type Picture } from './picture-clock.js';
import { delayOf, runOf, sortedTimes, type GroupedPicture } from './picture-group.js';
import type { Section, SoundQueue } from './sound-queue.js';

/** A group of pictures beyond this is written in parts. */
const maxGroupBytes = 8 << 20;
const maxGroupPictures = 1_024;
const videoTrack = 1;
const soundTrack = 2;

/**
 * Makes a fragmented MP4 of a recording, group of pictures by group of pictures, so that nothing has to be kept or rewritten.
 * Every fragment says in a `prft` when it was recorded.
 */
export class Mp4Writer {
  #clock: PictureClock;
  readonly #index = new FragmentIndex(videoTrack);
  #group: GroupedPicture[] = [];
  #groupBytes = 0;
  #section: Section | undefined;
  #delay = 0;
  #bytes = 0;
  #fragments = 0;

  constructor(
    readonly clockRate: number,
    readonly sound: SoundQueue | undefined,
    /** The pictures' description, when the first group is written. */
    readonly format: () => TrackFormat,
    readonly write: (data: Buffer) => void,
  ) {
    this.#clock = new PictureClock(clockRate);
  }

  /** The first one is a keyframe. */
  add(picture: Picture): void {
    const placed = { ...picture, ...this.#clock.place(picture) };
    // It leans on a picture before the first one.
    if (placed.presentation < 0) return;
    const isFull = this.#groupBytes > maxGroupBytes || this.#group.length >= maxGroupPictures;
    if (this.#group.length > 0 && (picture.key || placed.afterGap || isFull)) this.#flush(placed);
    if (this.#section === undefined || placed.afterGap) {
      this.#section = { recordedMs: picture.recordedMs, seconds: placed.presentation / this.clockRate };
    }
    this.#group.push(placed);
    this.#groupBytes += picture.data.length;
  }

  /** Forgets what has come, unless some of it was written. @returns whether it did */
  restart(): boolean {
    if (this.#fragments > 0) return false;
    this.#clock = new PictureClock(this.clockRate);
    this.#group = [];
    this.#groupBytes = 0;
    this.#section = undefined;
    return true;
  }

  /** Writes what is left, and the index. */
  end(): void {
    if (this.#group.length > 0) this.#flush(undefined);
    this.#put(this.#index.data);
  }

  #flush(next: GroupedPicture | undefined): void {
    const [first] = this.#group;
    const sorted = sortedTimes(this.#group);
    this.#clock.learn(sorted);
    if (this.#fragments === 0) this.#begin(first);
    const hasB = this.#group.some(({ presentation }, index) => presentation !== sorted[index]);
    const follows = next && !next.afterGap && !hasB && next.presentation > sorted.at(-1)!;
    const run = runOf(this.#group, this.#delay, this.#clock.duration, follows ? next.presentation : undefined);
    const runs: TrackRun[] = [{ trackId: videoTrack, ...run }];
    const sound = this.#soundUntil(next);
    if (sound) runs.push({ trackId: soundTrack, ...sound });
    this.#put(referenceTime(videoTrack, ntpOfUs(first.recordedMs * 1000), run.decodeTime));
    if (first.key) this.#index.add(run.decodeTime, this.#bytes, 1);
    this.#put(fragment(++this.#fragments, runs));
    this.#group = [];
    this.#groupBytes = 0;
  }

  /** Sound up to the next picture, or a picture's length beyond the last one before a gap. */
  #soundUntil(next: GroupedPicture | undefined): ReturnType<SoundQueue['take']> {
    const usualMs = (this.#clock.duration / this.clockRate) * 1000;
    const lastMs = Math.max(...this.#group.map(({ recordedMs }) => recordedMs));
    const untilMs = next && !next.afterGap ? next.recordedMs : lastMs + usualMs;
    return this.#section && this.sound?.take(this.#section, untilMs);
  }

  #begin(first: GroupedPicture): void {
    this.#delay = delayOf(this.#group);
    const tracks = [{ id: videoTrack, timescale: this.clockRate, format: this.format(), delay: this.#delay }];
    const { sound } = this;
    if (sound) tracks.push({ id: soundTrack, timescale: sound.clockRate, format: sound.format, delay: 0 });
    this.#put(initSegment(tracks, first.recordedMs).data);
  }

  #put(data: Buffer): void {
    this.#bytes += data.length;
    this.write(data);
  }
}
