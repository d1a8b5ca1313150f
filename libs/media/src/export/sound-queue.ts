import type { AudioTrackFormat } from '../fmp4/audio-format.js';
import type { Sample } from '../fmp4/fragment.js';
import { distance } from '../rtp/packet.js';

interface Waiting {
  payload: Buffer;
  timestamp: number;
  recordedMs: number;
}

/** Where a section of the recording stands in the file. */
export interface Section {
  recordedMs: number;
  seconds: number;
}

export interface SoundRun {
  decodeTime: number;
  samples: Sample[];
}

/** Clocks of sound and picture may come apart by this much before the sound is placed anew. */
const maxDriftSeconds = 0.2;
/** About a minute of G.711 in packets of 20 ms. */
const maxWaiting = 4_000;

/** Sound waits until the pictures of its time are written, for it is they that tell what is a gap. */
export class SoundQueue {
  #waiting: Waiting[] = [];
  #anchor: { timestamp: number; ticks: number } | undefined;
  #end = 0;

  constructor(
    readonly format: AudioTrackFormat,
    readonly clockRate: number,
  ) {}

  push(payload: Buffer, timestamp: number, recordedMs: number): void {
    if (this.#waiting.length < maxWaiting) this.#waiting.push({ payload, timestamp, recordedMs });
  }

  /** What was recorded in a section before `untilMs`; what is older than the section has no picture and is left out. */
  take(section: Section, untilMs: number): SoundRun | undefined {
    const due = this.#waiting.filter(({ recordedMs }) => recordedMs < untilMs);
    this.#waiting = this.#waiting.filter(({ recordedMs }) => recordedMs >= untilMs);
    const run: SoundRun = { decodeTime: 0, samples: [] };
    for (const one of due) if (one.recordedMs >= section.recordedMs) this.#append(run, one, section);
    return run.samples.length > 0 ? run : undefined;
  }

  #append(run: SoundRun, { payload, timestamp, recordedMs }: Waiting, section: Section): void {
    let start = Math.max(this.#end, this.#place(timestamp, recordedMs, section));
    for (const { data, ticks } of this.format.framesOf(payload)) {
      const last = run.samples.at(-1);
      // What is missing in the sound lengthens the frame before it.
      if (last) last.duration += Math.max(0, start - this.#end);
      else run.decodeTime = start;
      run.samples.push({ data, duration: ticks, offset: 0, key: true });
      start += ticks;
      this.#end = start;
    }
  }

  /** By the sound's own clock, as long as it agrees with the time of recording. */
  #place(timestamp: number, recordedMs: number, section: Section): number {
    const seconds = section.seconds + (recordedMs - section.recordedMs) / 1000;
    const byTime = Math.round(seconds * this.clockRate);
    const anchor = this.#anchor;
    const byClock = anchor && anchor.ticks + distance(anchor.timestamp, timestamp, 32);
    const agrees = byClock !== undefined && Math.abs(byClock - byTime) < maxDriftSeconds * this.clockRate;
    const ticks = agrees ? byClock : byTime;
    this.#anchor = { timestamp, ticks };
    return ticks;
  }
}
