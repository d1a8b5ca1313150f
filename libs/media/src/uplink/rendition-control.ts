import type { LinkPressure } from '../link/feed.js';

export interface RenditionOptions {
  /** An acknowledgement this old is a strain; below the age at which the ACK window stops (600 ms). */
  strainedAckAgeMs: number;
  /** For so long on end: a large keyframe alone is none. */
  strainedForMs: number;
  /** Above it the line is not called calm. */
  calmAckAgeMs: number;
  /** At first the cached pictures come in one burst, which says little of the line. */
  graceMs: number;
  /** Calm for so long lets the stream go up again. */
  upAfterMs: number;
  /** The wait doubles up to this with every step up that did not hold. */
  maxUpAfterMs: number;
  /** A strain within this after a step up says that it did not hold. */
  trialMs: number;
}

export const renditionDefaults: RenditionOptions = {
  strainedAckAgeMs: 350,
  strainedForMs: 200,
  calmAckAgeMs: 250,
  graceMs: 2_000,
  upAfterMs: 15_000,
  maxUpAfterMs: 300_000,
  trialMs: 30_000,
};

/** Says of one link whether its line bears more or less than what it carries. Knows nothing of streams. */
export class RenditionControl {
  #isLow: boolean;
  #strainedSince: number | undefined;
  #calmSince: number;
  #dropEpisodes = 0;
  #droppedAt = -Infinity;
  #upAt = -Infinity;
  /** Nothing counts as a strain before. */
  #strainsFrom: number;
  #downFrom = -Infinity;
  #upAfterMs: number;

  constructor(
    readonly options: RenditionOptions = renditionDefaults,
    readonly now: () => number = () => performance.now(),
    isLow = false,
  ) {
    this.#isLow = isLow;
    this.#calmSince = now();
    this.#strainsFrom = now() + options.graceMs;
    this.#upAfterMs = options.upAfterMs;
  }

  get isLow(): boolean {
    return this.#isLow;
  }

  observe({ ackAgeMs, dropEpisodes }: LinkPressure): void {
    const now = this.now();
    const drops = dropEpisodes > this.#dropEpisodes;
    this.#dropEpisodes = dropEpisodes;
    if (drops) this.#droppedAt = now;
    if (ackAgeMs > this.options.strainedAckAgeMs) this.#strainedSince ??= now;
    else this.#strainedSince = undefined;
    if (drops || ackAgeMs > this.options.calmAckAgeMs) this.#calmSince = now;
  }

  /** The line does not bear what it carries. */
  get isStrained(): boolean {
    const now = this.now();
    const { strainedForMs } = this.options;
    if (now < this.#strainsFrom) return false;
    if (now - this.#droppedAt <= strainedForMs) return true;
    return this.#strainedSince !== undefined && now - this.#strainedSince >= strainedForMs;
  }

  get wantsDown(): boolean {
    return !this.#isLow && this.isStrained && this.now() >= this.#downFrom;
  }

  get wantsUp(): boolean {
    return this.#isLow && this.now() - this.#calmSince >= this.#upAfterMs;
  }

  /** The stream was changed, for the line's sake or another. */
  moved(isLow: boolean): void {
    const now = this.now();
    const { upAfterMs, maxUpAfterMs, trialMs } = this.options;
    if (isLow === this.#isLow) return;
    this.#isLow = isLow;
    if (isLow) {
      const heldFor = now - this.#upAt;
      this.#upAfterMs = heldFor < trialMs ? Math.min(this.#upAfterMs * 2, maxUpAfterMs) : upAfterMs;
    } else this.#upAt = now;
    // What was under way before says nothing of what comes now.
    this.#strainedSince = undefined;
    this.#droppedAt = -Infinity;
    this.#calmSince = now;
  }

  /** The change was not possible: it is thought of again only after the wait. */
  failed(): void {
    this.#calmSince = this.now();
    this.#downFrom = this.now() + this.options.upAfterMs;
  }
}
