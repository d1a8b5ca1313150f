import type { AutomaticFeed } from './automatic-feed.js';
import type { RenditionControl } from './rendition-control.js';

export interface LineOptions {
  tickMs: number;
  /** After one stream went down the others wait this long to see whether that was enough. */
  settleMs: number;
  /** Between two steps up, and after any strain, for the line has to carry the first before the second tries. */
  riseSpacingMs: number;
  /** Recordings yield for so long after live video was last in trouble. */
  yieldMs: number;
}

export const lineDefaults: LineOptions = { tickMs: 100, settleMs: 1_500, riseSpacingMs: 5_000, yieldMs: 3_000 };

/** One live link of the line. */
export interface LineMember {
  control: RenditionControl;
  /** Undefined for a stream that cannot be exchanged. */
  automatic?: AutomaticFeed | undefined;
  /** Whether the site's share has room for the high resolution. */
  mayRise?: () => boolean;
}

/** The live links that share a way to the cloud. Decides which of them goes down first and which comes back first. */
export class Line {
  /** In the order of their coming: the youngest goes down first, the oldest comes back first. */
  readonly #members = new Set<LineMember>();
  #timer: NodeJS.Timeout | undefined;
  #movedAt = -Infinity;
  #strainedAt = -Infinity;

  constructor(
    /** Whether all live video together is more than the site's share. */
    readonly isOverShare: () => boolean = () => false,
    readonly options: LineOptions = lineDefaults,
    readonly now: () => number = () => performance.now(),
  ) {}

  /** Live video was in trouble lately. */
  get isStrained(): boolean {
    return this.now() - this.#strainedAt < this.options.yieldMs;
  }

  /** @returns ends the membership; harmless when repeated */
  join(member: LineMember): () => void {
    this.#members.add(member);
    this.#timer ??= setInterval(() => this.tick(), this.options.tickMs).unref();
    return () => this.#leave(member);
  }

  tick(): void {
    const now = this.now();
    const members = [...this.#members];
    const isStrained = members.some(({ control }) => control.isStrained);
    if (isStrained) this.#strainedAt = now;
    const isMoving = members.some(({ automatic }) => automatic?.isMoving === true);
    const since = now - this.#movedAt;
    if (isMoving || since < this.options.settleMs) return;
    const down = members.findLast(({ automatic, control }) => automatic !== undefined && control.wantsDown);
    if (down) return this.#move(down, 'uplink');
    const over = this.isOverShare() && members.findLast(({ automatic, control }) => automatic && !control.isLow);
    if (over) return this.#move(over, 'uplink-share');
    if (Math.min(since, now - this.#strainedAt) < this.options.riseSpacingMs) return;
    const up = members.find(({ control, mayRise }) => control.wantsUp && mayRise?.() !== false);
    if (up) this.#move(up, '');
  }

  #move({ automatic }: LineMember, reason: 'uplink' | 'uplink-share' | ''): void {
    this.#movedAt = this.now();
    void automatic?.move(reason).then(() => (this.#movedAt = this.now()));
  }

  #leave(member: LineMember): void {
    this.#members.delete(member);
    if (this.#members.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
