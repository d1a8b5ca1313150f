import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseClip } from '@app/media';

/** One picture of a recording. */
export interface Sample {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly key: boolean;
  readonly units: readonly Buffer[];
}

export interface Segment {
  readonly fromMs: number;
  readonly toMs: number;
}

const FRAME_MS = 40;

/** What a device has on its disk: the demo clip again and again, with gaps. Times never end between two pictures of a segment. */
export class Recording {
  readonly samples: readonly Sample[];
  readonly segments: readonly Segment[];

  /** Each part is `[seconds after the start, seconds long]`. */
  constructor(
    readonly startMs: number,
    parts: readonly (readonly [number, number])[],
  ) {
    const { frames } = parseClip(readFileSync(join(__dirname, '../../apps/demo-camera/clips/high.h264')));
    this.segments = parts.map(([after, seconds]) => {
      const fromMs = startMs + after * 1000;
      return { fromMs, toMs: fromMs + seconds * 1000 };
    });
    this.samples = this.segments.flatMap(({ fromMs, toMs }) =>
      Array.from({ length: Math.round((toMs - fromMs) / FRAME_MS) }, (_, index) => {
        const frame = frames[index % frames.length];
        return { atMs: fromMs + index * FRAME_MS, key: frame?.key ?? false, units: frame?.units ?? [] };
      }),
    );
  }

  get fromMs(): number {
    return this.segments[0]?.fromMs ?? this.startMs;
  }

  get toMs(): number {
    return this.segments.at(-1)?.toMs ?? this.startMs;
  }

  /** SPS and PPS, which every keyframe of the clip has in band. */
  get parameterSets(): readonly Buffer[] {
    return (this.samples[0]?.units ?? []).filter((unit) => [7, 8].includes((unit[0] ?? 0) & 0x1f));
  }

  /** What a PLAY sends, in its order: forwards from the keyframe at or before `fromMs`; backwards whole groups of pictures, the latest first. */
  pick(fromMs: number, toMs: number, backwards: boolean, onlyKeys: boolean): Sample[] {
    const groups: Sample[][] = [];
    for (const sample of this.samples) {
      if (sample.key) groups.push([sample]);
      else groups.at(-1)?.push(sample);
    }
    const [low, high] = [Math.min(fromMs, toMs), Math.max(fromMs, toMs)];
    const wanted = groups.filter((group) => (group[0]?.atMs ?? 0) <= high && (group.at(-1)?.atMs ?? 0) >= low);
    const kept = wanted.map((group) => (onlyKeys ? group.slice(0, 1) : group.filter(({ atMs }) => atMs <= high)));
    return (backwards ? kept.toReversed() : kept).flat();
  }

  /** Whether nothing was recorded between two neighbours. */
  static isGap(one: Sample, next: Sample): boolean {
    return next.atMs - one.atMs > FRAME_MS * 1.5;
  }
}
