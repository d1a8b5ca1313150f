import type { AccessUnit, SenderReport } from '../access-unit.js';
import { Timeline } from '../hub/timeline.js';
import type { Track } from '../stream-description.js';

/** Makes one stream of several: SSRC, sequence numbers and timestamps of each track go on across a cut. */
export class Splice {
  readonly #timelines: Timeline[];
  /** Reports of a new source that came before its first unit. */
  readonly #early = new Map<number, SenderReport>();
  #wasCut = false;

  constructor(tracks: readonly Track[]) {
    this.#timelines = tracks.map(({ index, clockRate }) => new Timeline(index, clockRate));
  }

  /** What follows comes from another source. */
  cut(): void {
    this.#wasCut = true;
    this.#early.clear();
    for (const timeline of this.#timelines) timeline.restart();
  }

  /** The unit in the numbers of the one stream, a copy where they differ, and before it the clock when that is new. */
  unit(unit: AccessUnit): { unit: AccessUnit; report: SenderReport | undefined } | undefined {
    const timeline = this.#timelines[unit.track];
    if (!timeline) return undefined;
    const own = this.#wasCut ? copyOf(unit) : unit;
    timeline.map(own);
    const early = this.#early.get(unit.track);
    this.#early.delete(unit.track);
    return { unit: own, report: early && timeline.take(early) };
  }

  /** Undefined as long as its track has not begun anew. */
  report(report: SenderReport): SenderReport | undefined {
    const mapped = this.#timelines[report.track]?.take(report);
    if (!this.#wasCut) return report;
    if (!mapped) this.#early.set(report.track, report);
    return mapped;
  }
}

/** Units are shared between the outlets of a hub. */
function copyOf(unit: AccessUnit): AccessUnit {
  return { ...unit, packets: unit.packets.map((packet) => Buffer.from(packet)) };
}
