import { fragment, type TrackRun } from '../fmp4/fragment.js';
import type { MediaFragment } from '../fmp4/fmp4-stream.js';
import type { InitSegment } from '../fmp4/init-segment.js';

export interface Part {
  seconds: number;
  /** A player can begin here. */
  independent: boolean;
  data: Buffer;
}

export interface Segment {
  /** Media sequence number. */
  number: number;
  init: { index: number; segment: InitSegment };
  /** Its times do not follow from the segment before. */
  discontinuity: boolean;
  /** How many discontinuities there were up to its beginning. */
  period: number;
  /** Milliseconds since 1970. */
  capturedMs: number;
  parts: Part[];
  isComplete: boolean;
}

export const secondsOf = (segment: Segment): number => segment.parts.reduce((sum, { seconds }) => sum + seconds, 0);
export const bytesOf = (segment: Segment): number => segment.parts.reduce((sum, { data }) => sum + data.length, 0);

/** One `moof` of many single-sample fragments: their samples in order, track by track. */
export function merge(sequence: number, fragments: readonly MediaFragment[]): Buffer {
  const runs = new Map<number, TrackRun>();
  for (const { run } of fragments) {
    const known = runs.get(run.trackId);
    runs.set(run.trackId, known ? { ...known, samples: [...known.samples, ...run.samples] } : run);
  }
  return fragment(sequence, [...runs.values()].map(seamless(fragments)));
}

/** Within a run times add up from durations, so each duration becomes the step to the next sample. */
function seamless(fragments: readonly MediaFragment[]) {
  return (run: TrackRun): TrackRun => {
    const starts = fragments.filter(({ run: { trackId } }) => trackId === run.trackId).map((one) => one.run);
    if (starts.some(({ samples }) => samples.length > 1)) return run;
    const samples = run.samples.map((sample, index) => {
      const next = starts[index + 1];
      return next ? { ...sample, duration: Math.max(1, next.decodeTime - starts[index].decodeTime) } : sample;
    });
    return { ...run, samples };
  };
}
