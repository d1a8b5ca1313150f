import type { AccessUnit, SenderReport } from '../access-unit.js';
import type { MediaError } from '../errors.js';
import type { Hub, HubState, Outlet, Subscription } from '../hub/hub.js';
import type { Feed } from '../link/feed.js';
import type { Rendition } from '../rendition.js';
import { isCompatible, type StreamDescription } from '../stream-description.js';
import type { RenditionControl } from './rendition-control.js';
import { Splice } from './splice.js';

/** One of the camera's streams. */
export interface RenditionHub {
  usage: string;
  hub: Hub;
}

export interface AutomaticFeedOptions {
  high: RenditionHub;
  low: RenditionHub;
  control: RenditionControl;
  /** The other stream must have begun by then, or the one that runs is kept. */
  switchTimeoutMs: number;
}

/** Why the low resolution runs. */
export type LowReason = 'uplink' | 'uplink-share';

/**
 * The high or the low resolution of a camera as one stream for one link: goes over at a keyframe of the other one, with
 * numbers and timestamps that go on. Only streams with the same tracks and codecs are exchanged.
 */
export class AutomaticFeed implements Feed {
  readonly #options: AutomaticFeedOptions;
  #current: RenditionHub;
  #reason: LowReason | '' = '';
  #splice: Splice | undefined;
  #description: StreamDescription | undefined;
  #outlet: Outlet | undefined;
  #leg: Leg | undefined;
  #next: Leg | undefined;
  #isClosed = false;
  #isMoving = false;

  constructor(options: AutomaticFeedOptions) {
    this.#options = options;
    this.#current = options.control.isLow ? options.low : options.high;
    if (options.control.isLow) this.#reason = 'uplink-share';
  }

  get control(): RenditionControl {
    return this.#options.control;
  }

  get rendition(): Rendition {
    return { usage: this.#current.usage, reason: this.#reason };
  }

  get sourceState(): { state: HubState; error: MediaError | undefined } {
    return this.#current.hub.sourceState;
  }

  /** A change is under way. */
  get isMoving(): boolean {
    return this.#isMoving;
  }

  async describe(): Promise<StreamDescription> {
    this.#description = await this.#current.hub.describe();
    return this.#description;
  }

  /** For one outlet. */
  subscribe(outlet: Outlet): Subscription {
    this.#outlet = outlet;
    this.#splice = new Splice(this.#description?.tracks ?? []);
    const leg = new Leg(this.#current, this.#reason, this);
    this.#leg = leg;
    leg.subscription = this.#current.hub.subscribe(leg);
    return { close: () => this.#close() };
  }

  requestKeyframe(): void {
    this.#current.hub.requestKeyframe();
  }

  /** Goes over to the low resolution for a reason, or back without one. Resolves with whether that runs. Never rejects. */
  async move(reason: LowReason | ''): Promise<boolean> {
    const to = reason === '' ? this.#options.high : this.#options.low;
    if (this.#isMoving || this.#isClosed || !this.#outlet || to === this.#current) return false;
    this.#isMoving = true;
    const hasMoved = await this.#join(to, reason);
    this.#isMoving = false;
    this.#next?.leave();
    this.#next = undefined;
    if (!hasMoved) this.control.failed();
    return hasMoved;
  }

  /** Of its legs. */
  deliver(leg: Leg, unit: AccessUnit): void {
    if (leg === this.#next && !this.#begins(leg, unit)) return;
    if (leg !== this.#leg) return;
    const mapped = this.#splice?.unit(unit);
    if (!mapped) return;
    if (mapped.report) this.#outlet?.report?.(mapped.report);
    this.#outlet?.unit(mapped.unit);
  }

  /** Of its legs. */
  report(leg: Leg, report: SenderReport): void {
    if (leg === this.#next) leg.reports.set(report.track, report);
    const mapped = leg === this.#leg ? this.#splice?.report(report) : undefined;
    if (mapped) this.#outlet?.report?.(mapped);
  }

  /** Of its legs. */
  state(leg: Leg, state: HubState, error?: MediaError): void {
    if (leg === this.#leg) this.#outlet?.state?.(state, error);
  }

  /** Of its legs. */
  ended(leg: Leg, error: MediaError): void {
    if (leg === this.#next) leg.settle(false);
    else if (leg === this.#leg) this.#outlet?.end(error);
  }

  async #join(to: RenditionHub, reason: LowReason | ''): Promise<boolean> {
    const deadline = AbortSignal.timeout(this.#options.switchTimeoutMs);
    const description = await to.hub.describe().catch(() => undefined);
    if (!description || !this.#description || this.#isClosed || deadline.aborted) return false;
    if (!isCompatible(this.#description, description)) return false;
    const leg = new Leg(to, reason, this);
    this.#next = leg;
    deadline.addEventListener('abort', () => leg.settle(false), { once: true });
    try {
      leg.subscription = to.hub.subscribe(leg, 'keyframe');
    } catch {
      return false;
    }
    return leg.begun;
  }

  /** The first keyframe of the next stream makes it the one that runs. */
  #begins(next: Leg, unit: AccessUnit): boolean {
    const isVideo = this.#description?.tracks[unit.track]?.kind === 'video';
    if (!unit.key || !isVideo) return false;
    this.#leg?.leave();
    this.#leg = next;
    this.#next = undefined;
    this.#current = next.source;
    this.#reason = next.reason;
    this.#splice?.cut();
    for (const report of next.reports.values()) this.#splice?.report(report);
    this.control.moved(next.reason !== '');
    this.#outlet?.rendition?.(this.rendition);
    next.settle(true);
    return true;
  }

  #close(): void {
    this.#isClosed = true;
    this.#outlet = undefined;
    this.#leg?.leave();
    this.#next?.settle(false);
  }
}

/** The feed as an outlet of one of the hubs. */
class Leg implements Outlet {
  readonly reports = new Map<number, SenderReport>();
  readonly begun: Promise<boolean>;
  subscription: Subscription | undefined;
  settle: (hasBegun: boolean) => void = () => undefined;
  #hasLeft = false;

  constructor(
    readonly source: RenditionHub,
    readonly reason: LowReason | '',
    readonly feed: AutomaticFeed,
  ) {
    this.begun = new Promise((resolve) => (this.settle = resolve));
  }

  leave(): void {
    this.#hasLeft = true;
    this.subscription?.close();
  }

  unit(unit: AccessUnit): void {
    if (!this.#hasLeft) this.feed.deliver(this, unit);
  }

  report(report: SenderReport): void {
    this.feed.report(this, report);
  }

  state(state: HubState, error?: MediaError): void {
    this.feed.state(this, state, error);
  }

  end(error: MediaError): void {
    this.feed.ended(this, error);
  }
}
