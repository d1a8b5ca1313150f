import type { AccessUnit } from '../access-unit.js';
import { CaptureClock } from '../capture-clock.js';
import { MediaError } from '../errors.js';
import { Fmp4Stream } from '../fmp4/fmp4-stream.js';
import type { InitSegment } from '../fmp4/init-segment.js';
import type { Hub, HubState, Outlet, Subscription } from '../hub/hub.js';
import { AckWindow, type AckWindowOptions } from '../link/ack-window.js';
import type { Rendition } from '../rendition.js';
import { newStats, type ViewerStats } from '../rtsp/viewer.js';
import type { StreamDescription } from '../stream-description.js';
import { nowUs } from '../wall-clock.js';
import { encodeInitHeader, encodeMediaHeader, mediaFlag } from './player-message.js';

export interface PlayerOptions extends AckWindowOptions {
  /** A player that acknowledges nothing for this long is let go. */
  stalledMs: number;
  sweepMs: number;
}

/** A player's round trip comes on top of the delay between redirectors, and browsers take their time when busy. */
export const playerDefaults: PlayerOptions = {
  maxAckAgeMs: 1000,
  maxInFlightBytes: 10 << 20,
  stalledMs: 30_000,
  sweepMs: 1000,
};

/** What an outlet needs of the socket to its player. */
export interface PlayerChannel {
  /** One message in two parts. The body is shared with other players: it stays as it is. */
  binary(head: Buffer, body: Buffer): void;
  /** Becomes JSON. */
  text(message: object): void;
}

/**
 * One browser player: fragmented MP4, a fragment per unit, the cached group of pictures first.
 * The player acknowledges what it has taken in; one that falls behind is cut to the next keyframe.
 */
export class PlayerOutlet implements Outlet {
  readonly #window: AckWindow;
  readonly #stream: Fmp4Stream;
  readonly #clock = new CaptureClock();
  readonly #startedAt = performance.now();
  #init: InitSegment | undefined;
  #rendition: Rendition | undefined;
  #subscription: Subscription | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isJoining = false;
  readonly stats: ViewerStats = newStats();

  constructor(
    readonly hub: Hub,
    description: StreamDescription,
    readonly channel: PlayerChannel,
    readonly options: PlayerOptions,
    readonly onEnd: (error: MediaError) => void,
  ) {
    this.#window = new AckWindow(options);
    this.#stream = Fmp4Stream.of(description, (track) => hub.reference(track));
  }

  /** @throws MediaError `stream-not-playable` */
  start(): void {
    if (!this.#stream.isPlayable) {
      throw new MediaError('stream-not-playable', 'The stream has no track that browsers play');
    }
    this.#tellState();
    this.#timer = setInterval(() => this.#sweep(), this.options.sweepMs);
    this.#isJoining = true;
    this.#subscription = this.hub.subscribe(this);
    this.#isJoining = false;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#subscription?.close();
    this.#subscription = undefined;
  }

  /** The player has taken in everything up to this number. */
  acknowledge(number: number): void {
    this.#window.acknowledge(number);
    this.stats.backlogBytes = this.#window.inFlightBytes;
    this.stats.lagMs = this.#window.ackAgeMs;
  }

  unit(unit: AccessUnit): void {
    const fragment = this.#stream.fragmentOf(unit);
    if (!fragment) return;
    const { length } = fragment.data;
    const isBeside = fragment.kind === 'audio' && !fragment.key;
    const admitted = isBeside ? this.#window.admitSound(length) : this.#window.admit(length, fragment.key);
    this.stats.droppedUnits = this.#window.droppedUnits;
    this.stats.dropEpisodes = this.#window.dropEpisodes;
    if (!admitted) return;
    if (fragment.init !== this.#init) {
      this.#init = fragment.init;
      this.channel.binary(encodeInitHeader(fragment.init), fragment.init.data);
    }
    const capturedMs = this.#clock.capturedMs(unit.captureUs, nowUs() / 1000, !this.#isJoining);
    const flags = admitted.discontinuity || unit.discontinuity ? mediaFlag.DISCONTINUITY : 0;
    const header = encodeMediaHeader(fragment, admitted.frameSeq, capturedMs, flags);
    this.channel.binary(header, fragment.data);
    this.stats.bytes += header.length + length;
    this.stats.units++;
    this.stats.backlogBytes = this.#window.inFlightBytes;
    if (fragment.key && fragment.kind === 'video') this.stats.firstKeyMs ??= performance.now() - this.#startedAt;
  }

  state(state: HubState, error?: MediaError): void {
    this.channel.text({ state, code: error?.remoteCode ?? error?.code ?? '', ...this.#rendition });
  }

  rendition(rendition: Rendition): void {
    this.#rendition = rendition;
    this.#tellState();
  }

  end(error: MediaError): void {
    this.#subscription = undefined;
    this.onEnd(error);
  }

  #tellState(): void {
    const { state, error } = this.hub.sourceState;
    this.state(state, state === 'up' ? undefined : error);
  }

  #sweep(): void {
    if (this.#window.ackAgeMs > this.options.stalledMs) {
      this.onEnd(new MediaError('viewer-stalled', `Acknowledged nothing for ${this.options.stalledMs} ms`));
    }
  }
}
