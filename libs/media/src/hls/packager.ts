import type { AccessUnit } from '../access-unit.js';
import { MediaError } from '../errors.js';
import { Fmp4Stream, type MediaFragment } from '../fmp4/fmp4-stream.js';
import type { InitSegment } from '../fmp4/init-segment.js';
import type { Hub, HubState, Outlet, Subscription } from '../hub/hub.js';
import type { StreamDescription } from '../stream-description.js';
import { bytesOf, merge, secondsOf, type Part, type Segment } from './segment.js';

export interface PackagerOptions {
  partSeconds: number;
  /** A segment ends with the first keyframe after this, and in any case after the longest. */
  segmentSeconds: number;
  longestSegmentSeconds: number;
  /** Segments kept besides the one that grows; fewer when they are larger than `keptBytes`. */
  keptSegments: number;
  keptBytes: number;
}

export const packagerDefaults: PackagerOptions = {
  partSeconds: 0.2,
  segmentSeconds: 2,
  longestSegmentSeconds: 10,
  keptSegments: 6,
  keptBytes: 32 << 20,
};

/** Cuts a stream into segments and parts for low-latency HLS (RFC 8216bis), once for all viewers of a hub. */
export class HlsPackager implements Outlet {
  readonly #options: PackagerOptions;
  readonly #stream: Fmp4Stream;
  readonly #waiting = new Set<() => void>();
  readonly #inits: InitSegment[] = [];
  #segments: Segment[] = [];
  #pending: MediaFragment[] = [];
  #subscription: Subscription | undefined;
  #sequence = 0;
  #nextNumber = 0;
  #isBroken = false;
  error: MediaError | undefined;

  constructor(
    readonly hub: Hub,
    description: StreamDescription,
    options: Partial<PackagerOptions> = {},
  ) {
    this.#options = { ...packagerDefaults, ...options };
    this.#stream = Fmp4Stream.of(description, (track) => hub.reference(track));
  }

  /** @throws MediaError `stream-not-playable` */
  start(): void {
    if (!this.#stream.isPlayable) {
      throw new MediaError('stream-not-playable', 'The stream has no track that browsers play');
    }
    this.#subscription = this.hub.subscribe(this);
  }

  stop(): void {
    this.#subscription?.close();
    this.#subscription = undefined;
    this.end(new MediaError('viewer-closed', 'Nobody watches'));
  }

  get segments(): readonly Segment[] {
    return this.#segments;
  }

  get partSeconds(): number {
    return this.#options.partSeconds;
  }

  init(index: number): InitSegment | undefined {
    return this.#inits[index];
  }

  /** Waits until `isThere`; false when the time is over or the stream has ended. */
  async until(isThere: () => boolean, limitMs: number): Promise<boolean> {
    const deadline = performance.now() + limitMs;
    while (!isThere()) {
      const leftMs = deadline - performance.now();
      if (leftMs <= 0 || this.error) return false;
      await this.#change(leftMs);
    }
    return true;
  }

  unit(unit: AccessUnit): void {
    const fragment = this.#stream.fragmentOf(unit);
    if (!fragment) return;
    if (unit.discontinuity) this.#break();
    const leads = fragment.kind === 'video' || fragment.key;
    if (leads) this.#cutBefore(fragment);
    if (this.#segments.at(-1)?.isComplete === false || this.#begin(fragment)) this.#pending.push(fragment);
  }

  state(state: HubState): void {
    if (state !== 'up') this.#break();
  }

  end(error: MediaError): void {
    this.error ??= error;
    this.#wake();
  }

  #cutBefore(next: MediaFragment): void {
    const segment = this.#segments.at(-1);
    if (!segment || segment.isComplete) return;
    const [first] = this.#pending;
    const gathered = first ? next.seconds - first.seconds : 0;
    const { partSeconds, segmentSeconds, longestSegmentSeconds } = this.#options;
    const total = secondsOf(segment) + gathered;
    const isOther = next.init !== segment.init.segment;
    const endsSegment = isOther || (next.key && total >= segmentSeconds) || total >= longestSegmentSeconds;
    // Half a frame of tolerance: the times of frames are rounded.
    if (endsSegment || gathered >= partSeconds - 0.01) this.#finishPart(segment, gathered);
    if (endsSegment) this.#finishSegment(segment);
  }

  #finishPart(segment: Segment, seconds: number): void {
    if (this.#pending.length === 0) return;
    const data = merge(++this.#sequence, this.#pending);
    const part: Part = { seconds: Math.max(seconds, 0.001), independent: this.#pending.some(({ key }) => key), data };
    this.#pending = [];
    segment.parts.push(part);
    this.#wake();
  }

  #finishSegment(segment: Segment): void {
    segment.isComplete = true;
    const { keptSegments, keptBytes } = this.#options;
    while (this.#segments.length > keptSegments) this.#segments.shift();
    const bytes = (): number => this.#segments.reduce((sum, one) => sum + bytesOf(one), 0);
    while (this.#segments.length > 1 && bytes() > keptBytes) this.#segments.shift();
    this.#wake();
  }

  /** False for what no segment can begin with. */
  #begin(fragment: MediaFragment): boolean {
    const isForced = this.#segments.at(-1)?.isComplete === true && !this.#isBroken && fragment.kind === 'video';
    if (!fragment.key && !isForced) return false;
    let index = this.#inits.indexOf(fragment.init);
    if (index < 0) index = this.#inits.push(fragment.init) - 1;
    const before = this.#segments.at(-1);
    const discontinuity = before !== undefined && (this.#isBroken || before.init.index !== index);
    this.#segments.push({
      number: this.#nextNumber++,
      init: { index, segment: fragment.init },
      discontinuity,
      period: (before?.period ?? 0) + (discontinuity ? 1 : 0),
      capturedMs: fragment.captureUs / 1000,
      parts: [],
      isComplete: false,
    });
    this.#isBroken = false;
    return true;
  }

  /** What follows does not continue what is there. */
  #break(): void {
    const segment = this.#segments.at(-1);
    if (!segment) return;
    this.#isBroken = true;
    if (segment.isComplete) return;
    const [first, last] = [this.#pending[0], this.#pending.at(-1)];
    if (first && last) this.#finishPart(segment, last.seconds - first.seconds + 0.04);
    this.#finishSegment(segment);
  }

  #change(limitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, limitMs);
      this.#waiting.add(wake);
    });
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}
