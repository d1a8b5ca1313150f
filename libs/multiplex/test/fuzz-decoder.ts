import { FrameDecoder } from '../src/decode.js';
import { SessionError } from '../src/errors.js';
import { FRAME, MAX_DATA_PAYLOAD_BYTES, MAX_OFFSET } from '../src/frame.js';
import { conversation } from './conversation.js';
import { heldBytes } from './held-bytes.js';
import { chunked, mutate } from './mutate.js';
import { type HeardFrame, type Hearing, oracleHear } from './oracle-codec.js';
import { Random } from './random.js';

export interface FuzzOptions {
  readonly inputs: number;
  readonly seed: number;
  readonly progress?: (done: number) => void;
  /** How often the memory is measured, after two full collections each time. */
  readonly samples: number;
}

export interface DecoderFuzz {
  /** How often which code came, `ok` where none did. */
  readonly outcomes: Record<string, number>;
  /** Inputs that threw something else, or that the oracle reads in another way. */
  readonly faults: string[];
  /** What the process held at its worst, less what it held at the first of the samples. */
  readonly grownBytes: number;
}

/** Valid conversations that are mutated again and again. */
const STREAMS = 256;

/** The decoder alone against mutated streams, each compared with the oracle. */
export function fuzzDecoder({ inputs, seed, progress, samples }: FuzzOptions): DecoderFuzz {
  const streams = Array.from({ length: STREAMS }, (_, index) => {
    const random = new Random(index);
    return conversation(random, {
      parity: index % 2 === 0 ? 0 : 1,
      resumable: index % 4 < 3,
      channels: random.between(1, 3),
    });
  });
  const outcomes: Record<string, number> = {};
  const faults: string[] = [];
  const held: number[] = [];
  for (let input = 0; input < inputs; input += 1) {
    const random = new Random(seed + input);
    const bytes = Buffer.concat(mutate(random.pick(streams), random.between(1, 4), random));
    const { outcome, frames } = decoded(chunked(bytes, random));
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    const fault = difference(outcome, frames, oracleHear(bytes));
    if (fault !== undefined && faults.length < 20) faults.push(`input ${input} of seed ${seed}: ${fault}`);
    if ((input + 1) % Math.ceil(inputs / samples) === 0 || input + 1 === inputs) {
      held.push(heldBytes());
      progress?.(input + 1);
    }
  }
  const [first = 0] = held;
  return { outcomes, faults, grownBytes: Math.max(first, ...held) - first };
}

function decoded(chunks: Buffer[]): { outcome: string; frames: HeardFrame[] } {
  const frames: HeardFrame[] = [];
  const decoder = new FrameDecoder((type, channel, offset, payload) => frames.push({ type, channel, offset, payload }));
  decoder.maxDataBytes = MAX_DATA_PAYLOAD_BYTES;
  try {
    for (const chunk of chunks) decoder.push(chunk);
    return { outcome: 'ok', frames };
  } catch (error) {
    return { outcome: error instanceof SessionError ? error.code : `crash: ${String(error)}`, frames };
  }
}

function difference(outcome: string, frames: HeardFrame[], { codes, frames: expected }: Hearing): string | undefined {
  const right = codes.length === 0 ? outcome === 'ok' : codes.includes(outcome);
  if (!right) return `${outcome} instead of ${codes.join(' or ') || 'ok'}`;
  const [got, wanted] = [joined(frames), joined(expected)];
  if (got.length !== wanted.length) return `${got.length} frames instead of ${wanted.length}`;
  const wrong = got.findIndex((frame, index) => !same(frame, wanted[index]));
  return wrong === -1 ? undefined : `frame ${wrong} differs`;
}

const same = (one: HeardFrame, other: HeardFrame | undefined): boolean =>
  one.type === other?.type &&
  one.channel === other.channel &&
  one.offset === other.offset &&
  one.payload.equals(other.payload);

/**
 * DATA that continues other DATA is one piece: how it was cut means nothing. Behind the last offset that there is, pieces
 * have no exact offset any more; no window reaches so far.
 */
function joined(frames: HeardFrame[]): HeardFrame[] {
  const pieces: HeardFrame[] = [];
  for (const frame of frames) {
    const last = pieces.at(-1);
    const follows =
      last?.type === FRAME.DATA &&
      frame.type === FRAME.DATA &&
      last.channel === frame.channel &&
      frame.payload.length > 0;
    if (follows && (frame.offset >= MAX_OFFSET || last.offset + last.payload.length === frame.offset))
      pieces.splice(-1, 1, { ...last, payload: Buffer.concat([last.payload, frame.payload]) });
    else pieces.push(frame);
  }
  return pieces;
}
