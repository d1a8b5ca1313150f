import {
  AutomaticFeed,
  type Hub,
  Line,
  type LinkDecision,
  RenditionControl,
  renditionDefaults,
  type ReplaySource,
  WatchedFeed,
} from '@app/media';
import type { VideoShares } from '../uplink/video-shares.js';
import { PacedReplay } from './paced-replay.js';
import { PlaybackPace } from './playback-pace.js';
import type { StreamRates } from './stream-rates.js';

/** One stream of a camera as the site holds it. */
export interface LiveStream {
  key: string;
  usage: string;
  hub: Hub;
}

/** What a viewer asked for, and what it may be exchanged for while the line does not bear that. */
export interface LiveChoice {
  high: LiveStream;
  low: LiveStream | undefined;
}

interface LiveEntry {
  high: LiveStream;
  low: LiveStream | undefined;
  control: RenditionControl;
}

const TICK_MS = 100;
const SWITCH_TIMEOUT_MS = 5_000;
/** Pictures do not come evenly: only more than this above the share sends a stream down. */
const TOLERANCE = 1.1;

/** Shares out one way to the cloud among the video that is sent over it. */
export class VideoUplink {
  readonly #line: Line;
  readonly #live = new Set<LiveEntry>();
  readonly #replays = new Set<PacedReplay>();
  readonly #pace = new PlaybackPace();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly shares: () => VideoShares,
    private readonly rates: StreamRates,
  ) {
    this.#line = new Line(() => this.#used() > this.shares().live * TOLERANCE);
  }

  /** Refuses with `uplink-live-exceeded`. Rejects with the camera's trouble. */
  async live({ high, low }: LiveChoice): Promise<LinkDecision> {
    if (this.shares().live !== Number.POSITIVE_INFINITY) await this.#measure(high);
    const isHigh = this.#fits(high, this.#used());
    // Streams that can be exchanged make room for one that would else be refused; the line sends them down.
    const least = this.#used({ squeezed: true });
    const wouldFit = isHigh || this.#fits(low ?? high, least);
    if (!wouldFit) return refuse('uplink-live-exceeded', "The site's share of its uplink for live video is taken");
    const isLow = !isHigh && low !== undefined;
    return this.#admit({ high, low, control: new RenditionControl(renditionDefaults, undefined, isLow) });
  }

  /** Refuses with `uplink-playback-exceeded`. */
  playback(source: ReplaySource): LinkDecision {
    if (this.#replays.size > 0 && this.#pace.isShareTaken)
      return refuse('uplink-playback-exceeded', "The site's share of its uplink for recordings is taken");
    const replay = new PacedReplay(source, (bytes) => this.#spent(bytes));
    this.#replays.add(replay);
    this.#timer ??= setInterval(() => this.#paceReplays(), TICK_MS).unref();
    return { replay: replay.paced, released: () => this.#forget(replay) };
  }

  #admit(entry: LiveEntry): LinkDecision {
    const { high, low, control } = entry;
    this.#live.add(entry);
    const automatic = low && new AutomaticFeed({ high, low, control, switchTimeoutMs: SWITCH_TIMEOUT_MS });
    const mayRise = (): boolean => this.#fits(high, this.#used({ except: entry }));
    const leave = this.#line.join({ control, automatic, mayRise });
    const released = (): void => {
      leave();
      this.#live.delete(entry);
    };
    return { hub: new WatchedFeed(automatic ?? high.hub, control), released };
  }

  /** An unknown stream's first figure is what its description declares. */
  async #measure({ key, hub }: LiveStream): Promise<void> {
    this.rates.declare(key, await hub.describe());
  }

  #fits({ key }: LiveStream, used: number): boolean {
    const { live } = this.shares();
    return used < live && used + this.rates.expect(key) <= live;
  }

  /** @param squeezed as if all that can be exchanged were in their low resolution */
  #used({ except, squeezed = false }: { except?: LiveEntry; squeezed?: boolean } = {}): number {
    let bits = 0;
    for (const entry of this.#live) {
      const { high, low, control } = entry;
      const running = (control.isLow || squeezed) && low ? low : high;
      if (entry !== except) bits += this.rates.expect(running.key);
    }
    return bits;
  }

  /** At once, for in the time of a tick a recording device can send more than its share of a minute. */
  #spent(bytes: number): void {
    this.#pace.spend(bytes);
    this.#paceReplays();
  }

  #paceReplays(): void {
    const isHeld = this.#pace.isSpent(this.shares().playback, this.#line.isStrained);
    for (const replay of this.#replays) replay.hold(isHeld);
  }

  #forget(replay: PacedReplay): void {
    this.#replays.delete(replay);
    if (this.#replays.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

const refuse = (code: string, detail: string): LinkDecision => ({ refuse: { code, detail } });
