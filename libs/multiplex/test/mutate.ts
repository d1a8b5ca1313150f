import { HEADER_BYTES } from '../src/frame.js';
import type { Random } from './random.js';

const HUGE = [0n, 1n, 65_536n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n];
const LENGTHS = [0, 1, 17, 18, 4_096, 4_097, 65_536, 65_537, 0x7fff_ffff, 0xffff_ffff];

type Mutation = (frames: Buffer[], random: Random) => void;

/** Each changes one thing in a list of whole frames. */
const MUTATIONS: readonly Mutation[] = [
  function flipBit(frames, random) {
    change(frames, random, (frame) => {
      const at = random.below(frame.length);
      frame[at] = (frame[at] ?? 0) ^ (1 << random.below(8));
    });
  },
  function lieAboutLength(frames, random) {
    change(frames, random, (frame) => {
      const lies = [...LENGTHS, frame.length - HEADER_BYTES + 1, Math.max(0, frame.length - HEADER_BYTES - 1)];
      frame.writeUInt32BE(random.pick(lies), 14);
    });
  },
  function truncate(frames, random) {
    const at = random.below(frames.length);
    frames[at] = frames[at]?.subarray(0, random.below(frames[at]?.length ?? 1)) ?? Buffer.alloc(0);
  },
  function drop(frames, random) {
    if (frames.length > 1) frames.splice(random.below(frames.length), 1);
  },
  function repeat(frames, random) {
    const frame = random.pick(frames);
    const copies = Array.from({ length: random.between(1, 4) }, () => frame);
    frames.splice(random.below(frames.length + 1), 0, ...copies);
  },
  function swap(frames, random) {
    const [from, to] = [random.below(frames.length), random.below(frames.length)];
    const [moved] = frames.splice(from, 1);
    if (moved !== undefined) frames.splice(to, 0, moved);
  },
  function wrongId(frames, random) {
    change(frames, random, (frame) =>
      frame.writeUInt32BE(random.pick([0, 1, 2, 3, 4, 7, 9_999, 0xffff_fffe, 0xffff_ffff]), 2),
    );
  },
  function hugeOffset(frames, random) {
    change(frames, random, (frame) => frame.writeBigUInt64BE(random.pick(HUGE), 6));
  },
  function otherType(frames, random) {
    change(frames, random, (frame) => frame.writeUInt8(random.pick([random.below(0x20), random.below(256)]), 0));
  },
  function hugeFieldOrOffsetInside(frames, random) {
    change(frames, random, (frame) => {
      if (frame.length < HEADER_BYTES + 8) return;
      frame.writeBigUInt64BE(random.pick(HUGE), random.between(HEADER_BYTES, frame.length - 8));
    });
  },
];

/** A copy of the frames with so many things wrong. */
export function mutate(frames: readonly Buffer[], count: number, random: Random): Buffer[] {
  const mutated = [...frames];
  for (let done = 0; done < count; done += 1) random.pick(MUTATIONS)(mutated, random);
  return mutated;
}

/** Bytes in pieces that have nothing to do with frames. */
export function chunked(bytes: Buffer, random: Random): Buffer[] {
  if (random.once(3)) return [bytes];
  const chunks: Buffer[] = [];
  const most = random.pick([1, 17, 18, 19, 64, 1_000]);
  for (let at = 0; at < bytes.length;) {
    const end = at + random.between(1, most);
    chunks.push(bytes.subarray(at, end));
    at = end;
  }
  return chunks;
}

function change(frames: Buffer[], random: Random, act: (frame: Buffer) => void): void {
  const at = random.below(frames.length);
  const frame = Buffer.from(frames[at] ?? []);
  if (frame.length < HEADER_BYTES) return;
  act(frame);
  frames[at] = frame;
}
