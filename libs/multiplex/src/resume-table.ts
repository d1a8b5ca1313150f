import { SessionError } from './errors.js';
import { MAX_CONTROL_PAYLOAD_BYTES, MAX_OFFSET } from './frame.js';

/** What one end knows about a channel. `refused`: it said REFUSE and does not know whether that arrived. */
export const CHANNEL_STATE = { unseen: 0, opening: 1, open: 2, refused: 3 } as const;
export type ChannelState = (typeof CHANNEL_STATE)[keyof typeof CHANNEL_STATE];

export interface TableEntry {
  readonly id: number;
  readonly state: ChannelState;
  /** Contiguous bytes received, one more when the end has been received too. */
  readonly receivedOffset: number;
  /** Credit granted, absolute. */
  readonly maxData: number;
}

/** SPEC.md section 8: what the sender has received. Channels it does not list are over, or unseen when above `lastPeerId`. */
export interface ResumeTable {
  /** Highest id opened by the receiver of the table that has been seen. */
  readonly lastPeerId: number;
  /** Highest id opened by the sender of the table. */
  readonly lastOwnId: number;
  readonly answerWanted: boolean;
  readonly entries: ReadonlyMap<number, TableEntry>;
}

const HEAD_BYTES = 8;
const ENTRY_BYTES = 21;
const ENTRIES_PER_PART = Math.floor((MAX_CONTROL_PAYLOAD_BYTES - HEAD_BYTES) / ENTRY_BYTES);

/** Bits of the offset field. */
const LAST_PART = 1;
const ANSWER_WANTED = 2;

export interface TablePart {
  readonly offset: number;
  readonly payload: Buffer;
}

export function encodeTable(table: ResumeTable): TablePart[] {
  const entries = [...table.entries.values()];
  const parts: TablePart[] = [];
  for (let at = 0; at === 0 || at < entries.length; at += ENTRIES_PER_PART) {
    const slice = entries.slice(at, at + ENTRIES_PER_PART);
    const payload = Buffer.alloc(HEAD_BYTES + slice.length * ENTRY_BYTES);
    payload.writeUInt32BE(table.lastPeerId, 0);
    payload.writeUInt32BE(table.lastOwnId, 4);
    for (const [index, entry] of slice.entries()) writeEntry(payload, HEAD_BYTES + index * ENTRY_BYTES, entry);
    const last = at + ENTRIES_PER_PART >= entries.length ? LAST_PART : 0;
    parts.push({ offset: last | (table.answerWanted ? ANSWER_WANTED : 0), payload });
  }
  return parts;
}

/** Gathers the parts of one table; one reader per lane, so that a lane's loss drops a half table. */
export class TableReader {
  private entries = new Map<number, TableEntry>();

  constructor(private readonly maxEntries: number) {}

  /** @returns the table with its last part. @throws SessionError `bad-field`. */
  push(offset: number, payload: Buffer): ResumeTable | undefined {
    if (
      offset > (LAST_PART | ANSWER_WANTED) ||
      payload.length < HEAD_BYTES ||
      (payload.length - HEAD_BYTES) % ENTRY_BYTES
    )
      throw new SessionError('bad-field', 'resume table');
    for (let at = HEAD_BYTES; at < payload.length; at += ENTRY_BYTES) {
      const entry = readEntry(payload, at);
      if (this.entries.has(entry.id)) throw new SessionError('bad-field', `channel ${entry.id} appears twice`);
      this.entries.set(entry.id, entry);
    }
    if (this.entries.size > this.maxEntries) throw new SessionError('bad-field', 'too many channels');
    if ((offset & LAST_PART) === 0) return undefined;
    const { entries } = this;
    this.entries = new Map();
    return {
      lastPeerId: payload.readUInt32BE(0),
      lastOwnId: payload.readUInt32BE(4),
      answerWanted: (offset & ANSWER_WANTED) !== 0,
      entries,
    };
  }
}

function writeEntry(payload: Buffer, at: number, { id, state, receivedOffset, maxData }: TableEntry): void {
  payload.writeUInt32BE(id, at);
  payload.writeUInt8(state, at + 4);
  payload.writeBigUInt64BE(BigInt(receivedOffset), at + 5);
  payload.writeBigUInt64BE(BigInt(maxData), at + 13);
}

function readEntry(payload: Buffer, at: number): TableEntry {
  const state = payload.readUInt8(at + 4);
  if (!isState(state)) throw new SessionError('bad-field', `channel state ${state}`);
  return {
    id: payload.readUInt32BE(at),
    state,
    receivedOffset: offsetAt(payload, at + 5),
    maxData: offsetAt(payload, at + 13),
  };
}

function offsetAt(payload: Buffer, at: number): number {
  const value = Number(payload.readBigUInt64BE(at));
  if (value > MAX_OFFSET) throw new SessionError('bad-offset', 'beyond 2^53 - 1');
  return value;
}

const STATES = new Set<number>(Object.values(CHANNEL_STATE));
const isState = (value: number): value is ChannelState => STATES.has(value);
