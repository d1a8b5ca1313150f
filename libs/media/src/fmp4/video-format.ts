import { nalUnitsOf } from '../rtp/depacketizer.js';
import type { Track } from '../stream-description.js';
import { h264Format } from './h264-format.js';
import { h265Format } from './h265-format.js';
import type { TrackFormat } from './track-format.js';

export interface VideoSample {
  /** Units with a length of four bytes before each, without parameter sets; empty when nothing is left. */
  data: Buffer;
  /** The same object until the parameter sets change; undefined before they are known. */
  format: TrackFormat | undefined;
}

interface Codec {
  typeOf(unit: Buffer): number;
  /** Types of the parameter sets, in the order of the format. */
  sets: readonly number[];
  /** Delimiters and filler. */
  dropped: ReadonlySet<number>;
  /** Undefined for sets that make no sense. */
  format(lists: Buffer[][]): TrackFormat | undefined;
}

const codecs: Record<string, Codec> = {
  H264: {
    typeOf: (unit) => unit[0] & 0x1f,
    sets: [7, 8],
    dropped: new Set([9, 12]),
    format: ([sps, pps]) => h264Format(sps, pps),
  },
  H265: {
    typeOf: (unit) => (unit[0] >> 1) & 0x3f,
    sets: [32, 33, 34],
    dropped: new Set([35, 38]),
    format: ([vps, sps, pps]) => h265Format(vps, sps, pps),
  },
};
/** H.264 allows 31 sequence parameter sets in a record; nobody uses more than a few of either kind. */
const maxSets = 16;

/** From the payloads of an access unit to a sample; parameter sets of keyframes, or of the description, make the format. */
export class VideoFormatReader {
  readonly #codec: Codec;
  #sets: Buffer[] = [];
  #format: TrackFormat | undefined;

  constructor(readonly track: Track) {
    this.#codec = codecs[track.codec];
    this.#take(track.parameterSets);
  }

  /** The parameter sets of the format as a sample carries them: for a file whose description has others. */
  get sets(): Buffer {
    return Buffer.concat(this.#sets.flatMap((set) => [lengthOf(set), set]));
  }

  read(payloads: readonly Buffer[], key: boolean): VideoSample {
    const units = nalUnitsOf(this.track.codec, payloads);
    const isSet = (unit: Buffer): boolean => this.#codec.sets.includes(this.#codec.typeOf(unit));
    if (key) this.#take(units.filter(isSet));
    const kept = units.filter((unit) => !isSet(unit) && !this.#codec.dropped.has(this.#codec.typeOf(unit)));
    return { data: Buffer.concat(kept.flatMap((unit) => [lengthOf(unit), unit])), format: this.#format };
  }

  #take(sets: Buffer[]): void {
    const lists = this.#codec.sets.map((type) =>
      distinct(sets.filter((unit) => this.#codec.typeOf(unit) === type)).slice(0, maxSets),
    );
    const flat = lists.flat();
    const isComplete = lists.every((list) => list.length > 0);
    const isSame = flat.length === this.#sets.length && flat.every((set, index) => set.equals(this.#sets[index]));
    if (!isComplete || isSame) return;
    this.#sets = flat.map((set) => Buffer.from(set));
    this.#format = this.#codec.format(lists) ?? this.#format;
  }
}

function distinct(units: Buffer[]): Buffer[] {
  return units.filter((unit, index) => units.findIndex((other) => other.equals(unit)) === index);
}

function lengthOf(unit: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(unit.length);
  return length;
}
