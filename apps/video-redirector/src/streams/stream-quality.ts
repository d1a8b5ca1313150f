import { type Quantiles, quantilesOf } from '@app/media';

const MINUTE_MS = 60_000;
export const WINDOW_MINUTES = 10;
/** Of one minute; more of them change no quantile that anybody looks at. */
const MAX_VALUES = 200;

/** How it is to watch one stream, over the last minutes. */
export interface QualityFigures {
  windowSeconds: number;
  viewersStarted: number;
  /** From the viewer's request to play until its first keyframe was handed over. */
  firstFrameMs: Quantiles | null;
  /** Over all viewers. */
  watchedSeconds: number;
  stalledSeconds: number;
  /** From the site to the redirector. */
  delayMs: Quantiles | null;
}

interface Minute {
  at: number;
  starts: number;
  firstFrames: number[];
  watchedMs: number;
  stalledMs: number;
  delays: number[];
}

/** Gathers the figures of one stream in a sliding window. */
export class StreamQuality {
  private minutes: Minute[] = [];

  constructor(private readonly now: () => number = () => performance.now()) {}

  started(): void {
    this.current().starts += 1;
  }

  firstFrame(ms: number): void {
    push(this.current().firstFrames, ms);
  }

  watched(ms: number, isStalled: boolean): void {
    const minute = this.current();
    minute.watchedMs += ms;
    if (isStalled) minute.stalledMs += ms;
  }

  delay(ms: number): void {
    push(this.current().delays, ms);
  }

  /** Undefined when nobody has watched in all of the window. */
  figures(): QualityFigures | undefined {
    const oldest = this.now() - WINDOW_MINUTES * MINUTE_MS;
    this.minutes = this.minutes.filter(({ at }) => at > oldest);
    if (!this.minutes.some(({ starts, watchedMs }) => starts > 0 || watchedMs > 0)) return undefined;
    const sum = (of: (minute: Minute) => number): number =>
      this.minutes.reduce((total, minute) => total + of(minute), 0);
    return {
      windowSeconds: (WINDOW_MINUTES * MINUTE_MS) / 1_000,
      viewersStarted: sum(({ starts }) => starts),
      firstFrameMs: quantilesOf(this.minutes.flatMap(({ firstFrames }) => firstFrames)) ?? null,
      watchedSeconds: sum(({ watchedMs }) => watchedMs) / 1_000,
      stalledSeconds: sum(({ stalledMs }) => stalledMs) / 1_000,
      delayMs: quantilesOf(this.minutes.flatMap(({ delays }) => delays)) ?? null,
    };
  }

  private current(): Minute {
    const now = this.now();
    const last = this.minutes.at(-1);
    if (last && now - last.at < MINUTE_MS) return last;
    const next: Minute = { at: now, starts: 0, firstFrames: [], watchedMs: 0, stalledMs: 0, delays: [] };
    this.minutes.push(next);
    if (this.minutes.length > WINDOW_MINUTES) this.minutes.shift();
    return next;
  }
}

const push = (values: number[], value: number): void => {
  if (values.length < MAX_VALUES) values.push(value);
};
