import type { Channel } from './channel.js';
import { SessionError } from './errors.js';
import { clip, encodeFields } from './fields.js';
import { CODE_FIELDS, FRAME } from './frame.js';
import { CHANNEL_STATE, type ChannelState, type ResumeTable, type TableEntry } from './resume-table.js';
import type { Sender } from './sender.js';

/** What recovery asks of the table of channels. */
export interface RecoveryOptions {
  readonly sender: Sender;
  readonly maxChannels: number;
  readonly channels: () => Iterable<Channel>;
  readonly ids: () => { lastPeerId: number; lastOwnId: number };
  readonly isOwn: (id: number) => boolean;
  /** The peer opened it, our application has not answered. */
  readonly isAccepting: (id: number) => boolean;
  /** Opened by either end, and not answered. */
  readonly waits: (id: number) => boolean;
  /** The peer does not know the channel any more. */
  readonly lost: (channel: Channel) => void;
}

/** What is lost with a lane beside bytes, and how both ends say it again (SPEC.md section 8). */
export class Recovery {
  /** Payloads of OPENs that the peer may not have seen. */
  readonly openings = new Map<number, Buffer>();
  /** Said and not acknowledged. */
  readonly refusals = new Map<number, Buffer>();
  /** Ids of the peer below the highest that have not come: their OPEN went with a lane. */
  readonly unseen = new Set<number>();

  constructor(private readonly options: RecoveryOptions) {}

  /** A peer that never acknowledges costs no more than its channels would. */
  keepRefusal(id: number, payload: Buffer): void {
    this.refusals.set(id, payload);
    const [oldest] = this.refusals.keys();
    if (this.refusals.size > this.options.maxChannels && oldest !== undefined) this.refusals.delete(oldest);
  }

  /** The ids between are still to come. @throws SessionError `bad-channel-id`. */
  noteGap(lastPeerId: number, id: number): void {
    const first = lastPeerId === 0 ? 2 - (id % 2) : lastPeerId + 2;
    if ((id - first) / 2 + this.unseen.size > 2 * this.options.maxChannels)
      throw new SessionError('bad-channel-id', `OPEN ${id} is too far ahead`);
    for (let between = first; between < id; between += 2) this.unseen.add(between);
  }

  /** What this end has received. */
  snapshot(answerWanted: boolean): ResumeTable {
    const entries = new Map<number, TableEntry>();
    const add = (id: number, state: ChannelState, receivedOffset = 0, maxData = 0): void => {
      entries.set(id, { id, state, receivedOffset, maxData });
    };
    for (const id of this.unseen) add(id, CHANNEL_STATE.unseen);
    for (const id of this.refusals.keys()) add(id, CHANNEL_STATE.refused);
    for (const { id, receivedOffset, window } of this.options.channels()) {
      const state = this.options.waits(id) ? CHANNEL_STATE.opening : CHANNEL_STATE.open;
      add(id, state, receivedOffset, window.limitBytes);
    }
    return { ...this.options.ids(), answerWanted, entries };
  }

  /** Brings the peer up to date, by what its table lacks. @throws SessionError `bad-offset`. */
  reconcile(table: ResumeTable): void {
    const { sender, channels } = this.options;
    for (const [id, payload] of [...this.refusals]) {
      if (table.entries.has(id)) sender.send(FRAME.REFUSE, id, 0, payload);
      else this.refusals.delete(id);
    }
    for (const channel of [...channels()]) {
      const entry = table.entries.get(channel.id);
      if (entry === undefined || entry.state === CHANNEL_STATE.unseen) this.unlisted(channel, table, entry);
      else if (entry.state !== CHANNEL_STATE.refused) this.listed(channel, entry);
    }
  }

  private unlisted(channel: Channel, table: ResumeTable, entry: TableEntry | undefined): void {
    const { isOwn, sender, lost } = this.options;
    const own = isOwn(channel.id);
    const payload = this.openings.get(channel.id);
    if (own && payload !== undefined && (entry !== undefined || channel.id > table.lastPeerId)) {
      channel.out.paused = false;
      sender.send(FRAME.OPEN, channel.id, channel.window.limitBytes, payload);
      this.cutAgain(channel);
    } else if (own || channel.id <= table.lastOwnId) {
      lost(channel);
    }
  }

  private listed(channel: Channel, entry: TableEntry): void {
    const { isOwn, isAccepting, sender } = this.options;
    const accepted = !isOwn(channel.id) && !isAccepting(channel.id);
    if (accepted && entry.state === CHANNEL_STATE.opening)
      sender.send(FRAME.ACCEPT, channel.id, channel.window.limitBytes);
    channel.recover(entry.receivedOffset, entry.maxData);
    this.cutAgain(channel);
  }

  private cutAgain(channel: Channel): void {
    const { sender } = this.options;
    const payload = codePayload(channel.resetReason ?? 'cancelled');
    if (channel.out.state === 'reset' && !channel.out.endAcked)
      sender.send(FRAME.RESET, channel.id, channel.out.highBytes, payload);
    if (channel.stopping) sender.send(FRAME.STOP, channel.id, 0, payload);
  }
}

/** Payload of REFUSE, RESET and STOP. */
export function codePayload(code: string, detail?: string): Buffer {
  const clipped = clip(detail, CODE_FIELDS.detail.max);
  return encodeFields(CODE_FIELDS, {
    code: clip(code, CODE_FIELDS.code.max) ?? '',
    ...(clipped === undefined ? {} : { detail: clipped }),
  });
}
