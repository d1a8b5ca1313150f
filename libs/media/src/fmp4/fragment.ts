import { box, fullBox, u32 } from './box.js';

export interface Sample {
  data: Buffer;
  /** In ticks of the track. */
  duration: number;
  /** Presentation minus decoding time, ticks; negative where a stream has B-frames. */
  offset: number;
  key: boolean;
}

export interface TrackRun {
  trackId: number;
  /** Decoding time of the first sample, ticks. */
  decodeTime: number;
  samples: readonly Sample[];
}

/** Sample flags of ISO/IEC 14496-12 section 8.8.3.1: depends on nothing; depends on others and is no sync sample. */
const keyFlags = 0x0200_0000;
const deltaFlags = 0x0101_0000;
const runFields = { dataOffset: 0x1, duration: 0x100, size: 0x200, flags: 0x400, offset: 0x800 };
const runFlags = Object.values(runFields).reduce((sum, flag) => sum + flag);
const baseIsMoof = 0x02_0000;

/** `moof` and `mdat` with one run per track, each of which begins where the one before it ends. */
export function fragment(sequence: number, runs: readonly TrackRun[]): Buffer {
  const size = movieFragment(sequence, runs, 0).length;
  const media = runs.flatMap(({ samples }) => samples.map(({ data }) => data));
  return Buffer.concat([movieFragment(sequence, runs, size + 8), box('mdat', media)]);
}

function movieFragment(sequence: number, runs: readonly TrackRun[], mediaStart: number): Buffer {
  let start = mediaStart;
  const tracks = runs.map((run) => {
    const built = trackFragment(run, start);
    start += run.samples.reduce((sum, { data }) => sum + data.length, 0);
    return built;
  });
  return box('moof', fullBox('mfhd', 0, 0, u32(sequence >>> 0)), tracks);
}

function trackFragment({ trackId, decodeTime, samples }: TrackRun, dataOffset: number): Buffer {
  const time = Buffer.alloc(8);
  time.writeBigUInt64BE(BigInt(Math.max(0, decodeTime)));
  const table = Buffer.alloc(samples.length * 16);
  samples.forEach(({ data, duration, offset, key }, index) => {
    const at = index * 16;
    table.writeUInt32BE(duration, at);
    table.writeUInt32BE(data.length, at + 4);
    table.writeUInt32BE(key ? keyFlags : deltaFlags, at + 8);
    table.writeInt32BE(offset, at + 12);
  });
  return box(
    'traf',
    fullBox('tfhd', 0, baseIsMoof, u32(trackId)),
    fullBox('tfdt', 1, 0, time),
    fullBox('trun', 1, runFlags, u32(samples.length, dataOffset), table),
  );
}
