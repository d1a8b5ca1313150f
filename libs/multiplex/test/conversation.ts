import { encodeFrame } from '../src/encode.js';
import { encodeFields } from '../src/fields.js';
import { CODE_FIELDS, FRAME, GOAWAY_FIELDS, MAX_OFFSET, OPEN_FIELDS } from '../src/frame.js';
import { CHANNEL_STATE, encodeTable, type TableEntry } from '../src/resume-table.js';
import type { Random } from './random.js';

export interface ConversationOptions {
  /** Ids that the speaker opens: 0 of an agent, 1 of a broker. */
  readonly parity: 0 | 1;
  readonly resumable: boolean;
  readonly channels: number;
}

const CODE = encodeFields(CODE_FIELDS, { code: 'cancelled' });

/** A channel that the speaker opened, as it knows it. */
interface Spoken {
  readonly id: number;
  /** Its service answers with ACCEPT; before that there is no DATA. */
  readonly accepted: boolean;
  sentBytes: number;
  ended: boolean;
}

/** Speaks of a channel of the other end at most once: what it may say depends on what was said. */
interface Speaker {
  readonly random: Random;
  readonly resumable: boolean;
  readonly channels: Spoken[];
  readonly answered: Set<number>;
}

/**
 * What an end may say after WELCOME, frame by frame: nothing in it is wrong as long as the other end has opened as many
 * channels of its own.
 */
export function conversation(random: Random, { parity, resumable, channels }: ConversationOptions): Buffer[] {
  const speaker: Speaker = { random, resumable, channels: [], answered: new Set() };
  const frames: Buffer[] = [encodeFrame(FRAME.PING, 0, random.below(1_000))];
  for (let index = 0; index < channels; index += 1) {
    const id = 2 * index + (parity === 0 ? 2 : 1);
    const service = random.pick(['echo', 'mute', 'none', 'pour', 'wait']);
    const fields = encodeFields(OPEN_FIELDS, { service, class: random.below(5) });
    frames.push(encodeFrame(FRAME.OPEN, id, random.below(300_000), fields));
    speaker.channels.push({ id, accepted: !['none', 'wait'].includes(service), sentBytes: 0, ended: false });
    for (let turn = random.below(6); turn > 0; turn -= 1) frames.push(...speak(speaker));
  }
  return frames;
}

/** One thing said about a channel or the session. */
function speak(speaker: Speaker): Buffer[] {
  const { random, resumable, channels } = speaker;
  const channel = random.pick(channels);
  const { id } = channel;
  const things: (() => Buffer[])[] = [
    () => data(random, channel),
    () => data(random, channel),
    () => end(random, channel),
    () => [encodeFrame(FRAME.MAX_DATA, id, random.below(1_000_000))],
    () => [encodeFrame(FRAME.STOP, id, 0, CODE)],
    () => [encodeFrame(FRAME.PING, 0, random.below(MAX_OFFSET))],
    () => [encodeFrame(FRAME.PONG, 0, 1)],
    () => answer(speaker, id + (id % 2 === 0 ? -1 : 1)),
    () => goaway(random, id),
  ];
  const later: (() => Buffer[])[] = [
    () => [encodeFrame(FRAME.LANE_ACK, 0, random.below(50))],
    () => [encodeFrame(FRAME.ACK, id, 0)],
    () => table(speaker),
  ];
  return random.pick(resumable ? [...things, ...later] : things)();
}

function data(random: Random, channel: Spoken): Buffer[] {
  if (!channel.accepted || channel.ended) return [];
  const bytes = random.bytes(random.pick([0, 1, 10, 200]));
  const frame = encodeFrame(FRAME.DATA, channel.id, channel.sentBytes, bytes);
  channel.sentBytes += bytes.length;
  return [frame];
}

function end(random: Random, channel: Spoken): Buffer[] {
  if (channel.ended) return [];
  channel.ended = true;
  if (!channel.accepted || random.once(2)) return [encodeFrame(FRAME.RESET, channel.id, channel.sentBytes, CODE)];
  return [encodeFrame(FRAME.FIN, channel.id, channel.sentBytes)];
}

/** To an OPEN of the other end. */
function answer({ random, resumable, answered }: Speaker, id: number): Buffer[] {
  if (answered.has(id)) return [];
  answered.add(id);
  if (random.once(3)) return [encodeFrame(FRAME.REFUSE, id, 0, CODE)];
  const acks = resumable ? [encodeFrame(FRAME.ACK, id, 0)] : [];
  return [
    encodeFrame(FRAME.ACCEPT, id, random.below(100_000)),
    encodeFrame(FRAME.DATA, id, 0, random.bytes(9)),
    ...acks,
  ];
}

function goaway(random: Random, id: number): Buffer[] {
  if (!random.once(8)) return [];
  const fields = { reason: 'deploy', lastAcceptedId: id, drainDeadlineMs: 1_000 };
  return [encodeFrame(FRAME.GOAWAY, 0, 0, encodeFields(GOAWAY_FIELDS, fields))];
}

function table({ random, channels }: Speaker): Buffer[] {
  const ids = channels.flatMap(({ id }) => [id, id + (id % 2 === 0 ? -1 : 1)]);
  const entries = new Map<number, TableEntry>();
  for (const id of ids) {
    const state = random.pick(Object.values(CHANNEL_STATE));
    entries.set(id, { id, state, receivedOffset: 0, maxData: random.below(100_000) });
  }
  const answerWanted = random.once(2);
  const parts = encodeTable({ lastPeerId: random.below(8), lastOwnId: Math.max(...ids), answerWanted, entries });
  return parts.map(({ offset, payload }) => encodeFrame(FRAME.RESUME_TABLE, 0, offset, payload));
}
