import type { AccessUnit, SenderReport } from '../access-unit.js';
import { MediaError } from '../errors.js';
import type { Rendition } from '../rendition.js';
import type { ReceptionStats } from '../reception/reception.js';
import type { Source } from '../source/source.js';
import { isCompatible, type StreamDescription } from '../stream-description.js';
import { GopCache, type GopCacheLimits } from './gop-cache.js';
import { injectParameterSets } from './parameter-sets.js';
import { type SourceFigures, SourceMeter } from './source-meter.js';
import { Timeline } from './timeline.js';
import { Upstream, type UpstreamOptions } from './upstream.js';

export interface HubOptions extends GopCacheLimits, UpstreamOptions {
  /** The upstream is closed this long after the last viewer. */
  idleCloseMs: number;
  /** Longest wait for the description of a cold source. */
  describeTimeoutMs: number;
  /** Whether a loss says that there is no such source: what was known of it is told to nobody who comes then. */
  isGone: (error: MediaError) => boolean;
  /** A source that is gone for this long ends its viewers; one that is only away never does. */
  goneMs: number;
}

export const hubDefaults: HubOptions = {
  maxCacheBytes: 8 << 20,
  maxCacheMs: 10_000,
  idleCloseMs: 10_000,
  describeTimeoutMs: 10_000,
  isGone: () => false,
  goneMs: 15_000,
  openTimeoutMs: 10_000,
  stableMs: 10_000,
  firstMs: 250,
  maxMs: 5000,
};

export type HubState = 'idle' | 'opening' | 'up' | 'reconnecting' | 'closed';

/** How an outlet begins: at once with what is cached since the last keyframe, or with the next keyframe. */
export type JoinMode = 'cached' | 'keyframe';

/** Where a hub delivers. Units are shared between outlets: an outlet that changes packets works on copies. */
export interface Outlet {
  unit(unit: AccessUnit): void;
  report?(report: SenderReport): void;
  state?(state: HubState, error?: MediaError): void;
  /** Another stream of the same camera follows from the next keyframe on. Also told when it was there before the outlet. */
  rendition?(rendition: Rendition): void;
  /** The hub cannot serve this outlet any more. */
  end(error: MediaError): void;
}

export interface Subscription {
  close(): void;
}

export interface HubStats {
  state: HubState;
  outlets: number;
  /** Successful openings of the upstream. */
  opened: number;
  bytes: number;
  units: number;
  cacheBytes: number;
  /** Microseconds since 1970; 0 before the first keyframe. */
  lastKeyUs: number;
  lastError: string | undefined;
  /** Of a source that changes between streams of its camera. */
  rendition: Rendition | undefined;
  /** How the packets of an open camera arrive. */
  reception: ReceptionStats | undefined;
  /** RTP packets missing in what came. */
  lostPackets: number;
  /** Units behind others that were left out on their way. */
  discontinuities: number;
  /** Since the upstream is open; undefined while it is not. */
  upMs: number | undefined;
}

interface Waiting {
  resolve(description: StreamDescription): void;
  reject(error: MediaError): void;
}

/** One upstream for many viewers. Opened with the first of them, closed a while after the last. */
export class Hub {
  readonly #options: HubOptions;
  readonly #cache: GopCache;
  /** Value: the outlet still waits for a unit to begin with. */
  readonly #outlets = new Map<Outlet, boolean>();
  readonly #waiting = new Set<Waiting>();
  #upstream: Upstream | undefined;
  #closing: Promise<void> = Promise.resolve();
  #description: StreamDescription | undefined;
  #timelines: Timeline[] = [];
  #hasVideo = false;
  #awaitKey = true;
  /** Tracks of which units were left out since the last one that was delivered. */
  readonly #cut = new Set<number>();
  #idle: NodeJS.Timeout | undefined;
  #state: HubState = 'idle';
  #error: MediaError | undefined;
  #farError: MediaError | undefined;
  #rendition: Rendition | undefined;
  #opened = 0;
  #bytes = 0;
  #units = 0;
  #lastKeyUs = 0;
  readonly #meter = new SourceMeter();
  #upSince = 0;
  #goneSince: number | undefined;

  constructor(
    readonly source: Source,
    options: Partial<HubOptions> = {},
  ) {
    this.#options = { ...hubDefaults, ...options };
    this.#cache = new GopCache(this.#options);
  }

  get stats(): HubStats {
    return {
      state: this.#state,
      outlets: this.#outlets.size,
      opened: this.#opened,
      bytes: this.#bytes,
      units: this.#units,
      cacheBytes: this.#cache.bytes,
      lastKeyUs: this.#lastKeyUs,
      lastError: this.#error?.code,
      rendition: this.#rendition,
      reception: this.#upstream?.reception,
      lostPackets: this.#meter.lostPackets,
      discontinuities: this.#meter.discontinuities,
      upMs: this.#state === 'up' ? performance.now() - this.#upSince : undefined,
    };
  }

  /** How the source has been of late. */
  get figures(): SourceFigures {
    return this.#meter.figures;
  }

  get state(): HubState {
    return this.#state;
  }

  /** As outlets are told: `reconnecting` also while the far side of an open upstream looks for its source. */
  get sourceState(): { state: HubState; error: MediaError | undefined } {
    const isAway = this.#state === 'up' && this.#farError !== undefined;
    return isAway ? { state: 'reconnecting', error: this.#farError } : { state: this.#state, error: this.#error };
  }

  /** The stream's description; opens the upstream. Rejects with the upstream's error or `hub-open-timeout`. */
  async describe(): Promise<StreamDescription> {
    this.#start();
    if (this.#description && this.#goneSince === undefined) {
      this.#checkIdle();
      return this.#description;
    }
    let waiting: Waiting | undefined;
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<StreamDescription>((resolve, reject) => {
        const expire = (): void => reject(new MediaError('hub-open-timeout', 'The source did not open in time'));
        timer = setTimeout(expire, this.#options.describeTimeoutMs);
        waiting = { resolve, reject };
        this.#waiting.add(waiting);
      });
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(waiting!);
      this.#checkIdle();
    }
  }

  /** Delivers to `outlet` from now on, unless told otherwise beginning with the cached keyframe when there is one. */
  subscribe(outlet: Outlet, join: JoinMode = 'cached'): Subscription {
    this.#start();
    const cached = join === 'cached' ? [...this.#cache.units] : [];
    this.#outlets.set(outlet, cached.length === 0);
    if (cached.length === 0) this.requestKeyframe();
    this.#checkIdle();
    if (this.#rendition) outlet.rendition?.(this.#rendition);
    for (const timeline of this.#timelines) {
      const report = timeline.reference();
      if (report) outlet.report?.(report);
    }
    for (const unit of cached) outlet.unit(unit);
    const close = (): void => {
      if (this.#outlets.delete(outlet)) this.#checkIdle();
    };
    return { close };
  }

  /** Sequence number and timestamp a new outlet's track begins with; undefined while that is open. */
  firstOf(track: number): { sequence: number; timestamp: number } | undefined {
    const unit = this.#cache.units.find((cached) => cached.track === track);
    return unit && { sequence: unit.packets[0].readUInt16BE(2), timestamp: unit.timestamp };
  }

  /** The relation of a track's RTP clock to wall clock. */
  reference(track: number): SenderReport | undefined {
    return this.#timelines[track]?.reference();
  }

  /** Asks the source for a keyframe; best effort. */
  requestKeyframe(): void {
    this.#upstream?.requestKeyframe();
  }

  /** The way to the source changed: opens it anew. Viewers stay, as with any other loss of the upstream. */
  reopen(): void {
    this.#upstream?.reopen();
  }

  /** Ends upstream and outlets for good. */
  async close(): Promise<void> {
    if (this.#state !== 'closed') {
      this.#setState('closed', new MediaError('hub-closed', 'The hub was closed'));
      this.#endOutlets(this.#error!);
      this.#stop();
    }
    await this.#closing;
  }

  #start(): void {
    if (this.#state === 'closed') throw new MediaError('hub-closed', 'The hub was closed');
    if (this.#upstream) return this.#upstream.hurry();
    this.#setState('opening');
    const source: Source = {
      open: async (listener, signal) => {
        await this.#closing;
        return this.source.open(listener, signal);
      },
    };
    this.#upstream = new Upstream(
      source,
      {
        opened: (description) => this.#upstreamOpened(description),
        unit: (unit) => this.#unit(unit),
        report: (report) => this.#report(report),
        sourceState: (isUp, code) => this.#farState(isUp, code),
        rendition: (rendition) => this.#farRendition(rendition),
        lost: (error) => this.#lost(error),
      },
      this.#options,
    );
  }

  #stop(): void {
    clearTimeout(this.#idle);
    this.#idle = undefined;
    const upstream = this.#upstream;
    this.#upstream = undefined;
    this.#description = undefined;
    this.#goneSince = undefined;
    this.#rendition = undefined;
    this.#timelines = [];
    this.#cache.clear();
    if (upstream) this.#closing = upstream.close();
  }

  #checkIdle(): void {
    const wanted = this.#outlets.size > 0 || this.#waiting.size > 0;
    if (wanted || !this.#upstream) {
      clearTimeout(this.#idle);
      this.#idle = undefined;
      return;
    }
    this.#idle ??= setTimeout(() => {
      this.#stop();
      this.#setState('idle');
    }, this.#options.idleCloseMs);
  }

  #upstreamOpened(description: StreamDescription): void {
    if (this.#description && !isCompatible(this.#description, description)) {
      this.#endOutlets(new MediaError('hub-stream-changed', 'The source came back with other tracks'));
      this.#timelines = [];
    }
    this.#description = description;
    this.#hasVideo = description.tracks.some((track) => track.kind === 'video');
    this.#awaitKey = this.#hasVideo;
    if (this.#timelines.length === 0) {
      this.#timelines = description.tracks.map((track) => new Timeline(track.index, track.clockRate));
    }
    this.#goneSince = undefined;
    this.#opened++;
    this.#upSince = performance.now();
    this.#meter.restart();
    this.#setState('up');
    for (const waiting of this.#waiting) waiting.resolve(description);
  }

  #lost(error: MediaError): void {
    this.#cache.clear();
    for (const timeline of this.#timelines) timeline.restart();
    this.#setState('reconnecting', error);
    for (const waiting of this.#waiting) waiting.reject(error);
    if (this.#options.isGone(error)) this.#gone(error);
  }

  /** It may be back soon: a site that starts anew finds its cameras one by one. */
  #gone(error: MediaError): void {
    this.#goneSince ??= performance.now();
    if (performance.now() - this.#goneSince >= this.#options.goneMs) this.#endOutlets(error);
  }

  #unit(unit: AccessUnit): void {
    const track = this.#description?.tracks[unit.track];
    const timeline = this.#timelines[unit.track];
    if (!track || !timeline) return;
    const starts = this.#hasVideo ? track.kind === 'video' && unit.key : true;
    this.#meter.unit(unit, this.#hasVideo ? track.kind === 'video' : track.index === 0, starts);
    if (track.kind === 'video' && unit.discontinuity && !unit.key) this.#awaitKey = true;
    if (this.#awaitKey && !starts) {
      this.#cut.add(unit.track);
      return;
    }
    this.#awaitKey = false;
    // What is left out before a keyframe is no loss that a viewer should see: its numbers go on.
    if (this.#cut.delete(unit.track)) unit.discontinuity = true;
    timeline.map(unit);
    timeline.insert(injectParameterSets(unit, track));
    this.#bytes += unit.bytes;
    this.#units++;
    if (starts) this.#lastKeyUs = unit.captureUs;
    if (this.#hasVideo) this.#cache.add(unit, starts);
    for (const [outlet, waits] of this.#outlets) {
      if (waits && !starts) continue;
      if (waits) this.#outlets.set(outlet, false);
      outlet.unit(unit);
    }
  }

  #report(report: SenderReport): void {
    const mapped = this.#timelines[report.track]?.take(report);
    if (!mapped) return;
    for (const outlet of this.#outlets.keys()) outlet.report?.(mapped);
  }

  #farState(isUp: boolean, code: string): void {
    if (this.#state !== 'up' || isUp === (this.#farError === undefined)) return;
    this.#farError = isUp ? undefined : new MediaError('link-refused', 'The source is away', code || 'source-failed');
    const { state } = this.sourceState;
    for (const outlet of this.#outlets.keys()) outlet.state?.(state, this.#farError);
  }

  #farRendition(rendition: Rendition): void {
    if (this.#rendition?.usage === rendition.usage && this.#rendition.reason === rendition.reason) return;
    this.#rendition = rendition;
    for (const outlet of this.#outlets.keys()) outlet.rendition?.(rendition);
  }

  #setState(state: HubState, error?: MediaError): void {
    this.#state = state;
    this.#farError = undefined;
    this.#error = error ?? this.#error;
    for (const outlet of this.#outlets.keys()) outlet.state?.(state, error);
  }

  #endOutlets(error: MediaError): void {
    const outlets = [...this.#outlets.keys()];
    this.#outlets.clear();
    for (const outlet of outlets) outlet.end(error);
    this.#checkIdle();
  }
}
