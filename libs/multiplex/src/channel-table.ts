import { Budget } from './budget.js';
import { Channel, type ChannelPort } from './channel.js';
import { ChannelAccounts, type ChannelInfo, type ClassStats } from './channel-accounts.js';
import type { Clock, SessionConfig } from './config.js';
import { OpenRefusedError, SessionError } from './errors.js';
import { clip, decodeFields, encodeFields } from './fields.js';
import { CHANNEL_CLASS, type ChannelClass, CODE_FIELDS, FRAME, MAX_CHANNEL_ID, OPEN_FIELDS } from './frame.js';
import type { Lane } from './lane.js';
import type { OpenRequest } from './open-request.js';
import { ReceiveWindow } from './receive-window.js';
import { SendBudget } from './send-budget.js';
import { codePayload, Recovery } from './recovery.js';
import { encodeTable, TableReader } from './resume-table.js';
import type { Sender } from './sender.js';

export interface OpenOptions {
  readonly service: string;
  readonly class: ChannelClass;
  readonly label?: string;
  readonly traceparent?: string;
  readonly timeoutMs?: number;
}

export interface ChannelTableOptions {
  readonly role: 'agent' | 'broker';
  readonly config: SessionConfig;
  readonly clock: Clock;
  readonly sender: Sender;
  readonly budget: Budget | undefined;
  readonly sendBudget: SendBudget | undefined;
  readonly onOpen: ((request: OpenRequest) => void) | undefined;
  readonly rttMs: () => number | undefined;
  readonly fault: (error: unknown) => void;
  /** Called when the last channel has ended. */
  readonly emptied: () => void;
}

interface PendingOpen {
  readonly resolve: (channel: Channel) => void;
  readonly reject: (error: OpenRefusedError) => void;
  readonly timer: NodeJS.Timeout;
}

interface PendingAccept {
  readonly abort: AbortController;
  readonly timer: NodeJS.Timeout;
}

const BEFORE_ACCEPT = new Set<number>([FRAME.RESET, FRAME.STOP, FRAME.MAX_DATA, FRAME.ACK]);

const CLASS_OF = new Map<number, ChannelClass>(
  Object.entries(CHANNEL_CLASS).map(([name, number]) => [number, name as ChannelClass]),
);

/** All channels of a session: ids, the opening dance, and which channel a frame belongs to (SPEC.md rule 1). */
export class ChannelTable {
  /** The peer's limit on channels that we open. */
  peerMaxChannels = 0;
  /** Both ends keep what they send until it is acknowledged, and open again what the other has not seen. */
  resumable = false;
  /** Set by GOAWAY of this side: later opens of the peer are refused. */
  refusing = false;
  opened = 0;
  accepted = 0;
  refused = 0;
  private readonly channels = new Map<number, Channel>();
  private readonly opening = new Map<number, PendingOpen>();
  private readonly accepting = new Map<number, PendingAccept>();
  private readonly accounts = new ChannelAccounts();
  private readonly recovery: Recovery;
  private readonly budget: Budget;
  private readonly port: ChannelPort;
  private readonly ownParity: number;
  private nextId: number;
  private lastPeerId = 0;
  private ownCount = 0;
  /** Ids of the peer whose channels are not over: each counts once, however it ends. */
  private readonly peerOpen = new Set<number>();

  constructor(private readonly options: ChannelTableOptions) {
    this.ownParity = options.role === 'broker' ? 1 : 0;
    this.nextId = options.role === 'broker' ? 1 : 2;
    this.budget = new Budget(options.config.budgetBytes, options.budget);
    this.port = this.createPort();
    this.recovery = this.createRecovery();
  }

  get count(): number {
    return this.channels.size;
  }

  /** Channels that a further lane would carry. */
  get dataCount(): number {
    let channels = 0;
    for (const channel of this.channels.values()) if (channel.class !== 'control') channels += 1;
    return channels;
  }

  get classes(): Record<ChannelClass, ClassStats> {
    return this.accounts.classes(this.channels.values(), this.options.clock.steadyMs());
  }

  get info(): ChannelInfo[] {
    return this.accounts.channels(this.options.clock.steadyMs());
  }

  /** Highest id of the peer that was handled or refused. */
  get lastAcceptedId(): number {
    return this.lastPeerId;
  }

  open(request: OpenOptions): Promise<Channel> {
    const { config, sender } = this.options;
    const fields = {
      service: request.service,
      class: CHANNEL_CLASS[request.class],
      ...(request.label === undefined ? {} : { label: clip(request.label, OPEN_FIELDS.label.max) }),
      ...(request.traceparent === undefined ? {} : { traceparent: request.traceparent }),
    };
    const payload = encodeFields(OPEN_FIELDS, fields);
    if (this.nextId > MAX_CHANNEL_ID) return Promise.reject(new OpenRefusedError('ids-exhausted'));
    if (this.ownCount >= this.peerMaxChannels) return Promise.reject(new OpenRefusedError('over-capacity'));
    const channel = this.create(this.nextId, request.service, request.class, request.label ?? '');
    if (channel === undefined) return Promise.reject(new OpenRefusedError('over-capacity'));
    this.nextId += 2;
    this.ownCount += 1;
    this.opened += 1;
    if (this.resumable) this.recovery.openings.set(channel.id, payload);
    sender.send(FRAME.OPEN, channel.id, channel.window.limitBytes, payload);
    return new Promise((resolve, reject) => {
      const expire = (): void => this.giveUp(channel, 'open-timeout');
      const timer = setTimeout(expire, request.timeoutMs ?? config.openTimeoutMs);
      this.opening.set(channel.id, { resolve, reject, timer });
    });
  }

  /** @throws SessionError with the code that ends the session. */
  receive(type: number, id: number, offset: number, payload: Buffer): void {
    if (type === FRAME.OPEN) {
      this.receiveOpen(id, offset, payload);
      return;
    }
    if (type === FRAME.ACK && this.recovery.refusals.delete(id)) return;
    const channel = this.find(id);
    if (type === FRAME.REFUSE) this.receiveRefuse(id, channel, payload);
    else if (channel !== undefined) this.dispatchSafely(channel, type, offset, payload);
  }

  /** The peer will not handle these: they are safe to repeat elsewhere. */
  rejectOpensAbove(lastAcceptedId: number): void {
    for (const id of [...this.opening.keys()]) {
      const channel = this.channels.get(id);
      if (id > lastAcceptedId && channel !== undefined) this.giveUp(channel, 'draining');
    }
  }

  abandonAll(code: string): void {
    for (const channel of [...this.channels.values()]) {
      this.failOpening(channel.id, new OpenRefusedError('session-lost', code));
      this.endAccepting(channel.id)?.abort.abort(code);
      channel.abandon('session-lost');
    }
    for (const channel of this.channels.values()) {
      this.accounts.removed(channel);
      channel.release();
    }
    this.channels.clear();
  }

  /** A fault of the application ends its channel only. */
  private dispatchSafely(channel: Channel, type: number, offset: number, payload: Buffer): void {
    try {
      this.dispatch(channel, type, offset, payload);
    } catch (error) {
      if (error instanceof SessionError) throw error;
      this.options.fault(error);
      channel.reset('internal-error');
    }
  }

  private dispatch(channel: Channel, type: number, offset: number, payload: Buffer): void {
    if (this.accepting.has(channel.id) && !BEFORE_ACCEPT.has(type)) {
      throw new SessionError('unexpected-frame', `type ${type} before ACCEPT`);
    }
    switch (type) {
      case FRAME.ACCEPT:
        if (!this.isOwn(channel.id)) throw new SessionError('unexpected-frame', 'ACCEPT from the opener');
        channel.receiveCredit(offset);
        break;
      case FRAME.DATA:
        channel.receiveData(offset, payload);
        break;
      case FRAME.MAX_DATA:
        channel.receiveCredit(offset);
        break;
      case FRAME.ACK:
        if (!this.resumable) throw new SessionError('unexpected-frame', 'ACK');
        channel.receiveAck(offset);
        return;
      case FRAME.FIN:
        channel.receiveFin(offset);
        break;
      case FRAME.RESET:
        channel.receiveReset(offset, this.cutShort(channel, payload));
        break;
      case FRAME.STOP:
        channel.receiveStop(this.cutShort(channel, payload));
        break;
      default:
        throw new SessionError('unexpected-frame', `type ${type}`);
    }
    this.settleOpening(channel);
  }

  /** RESET or STOP also ends an opening that waits at either end. @returns the code. */
  private cutShort(channel: Channel, payload: Buffer): string {
    const { code } = decodeFields(CODE_FIELDS, payload);
    this.endAccepting(channel.id)?.abort.abort(code);
    this.failOpening(channel.id, new OpenRefusedError(code));
    return code;
  }

  /** Whatever the acceptor sends first implies ACCEPT. */
  private settleOpening(channel: Channel): void {
    const pending = this.opening.get(channel.id);
    if (pending === undefined) return;
    this.opening.delete(channel.id);
    clearTimeout(pending.timer);
    this.recovery.openings.delete(channel.id);
    this.accounts.opened(channel);
    pending.resolve(channel);
  }

  private receiveOpen(id: number, offset: number, payload: Buffer): void {
    if (!this.isNew(id)) return;
    const fields = decodeFields(OPEN_FIELDS, payload);
    const channelClass = CLASS_OF.get(fields.class);
    if (channelClass === undefined) throw new SessionError('bad-field', 'class');
    const { config, onOpen } = this.options;
    if (this.refusing) return this.sendRefuse(id, 'draining');
    if (onOpen === undefined) return this.sendRefuse(id, 'unknown-service');
    if (this.full) return this.sendRefuse(id, 'over-capacity');
    const channel = this.create(id, fields.service, channelClass, fields.label ?? '');
    if (channel === undefined) return this.sendRefuse(id, 'over-capacity');
    this.peerOpen.add(id);
    channel.out.grant(offset);
    const abort = new AbortController();
    const request = this.createRequest(channel, abort.signal, fields.traceparent);
    const timer = setTimeout(() => {
      request.refuse('dial-timeout');
      abort.abort('dial-timeout');
    }, config.acceptTimeoutMs);
    this.accepting.set(id, { abort, timer });
    try {
      onOpen(request);
    } catch (error) {
      this.options.fault(error);
      request.refuse('internal-error');
    }
  }

  /** @returns false for an OPEN that was sent again and has been seen. @throws SessionError `bad-channel-id`. */
  private isNew(id: number): boolean {
    if (this.isOwn(id) || id === 0) throw new SessionError('bad-channel-id', `OPEN ${id}`);
    if (id <= this.lastPeerId) {
      if (!this.resumable) throw new SessionError('bad-channel-id', `OPEN ${id}`);
      return this.recovery.unseen.delete(id);
    }
    if (this.resumable) this.recovery.noteGap(this.lastPeerId, id);
    this.lastPeerId = id;
    return true;
  }

  private createRequest(channel: Channel, signal: AbortSignal, traceparent: string | undefined): OpenRequest {
    return {
      service: channel.service,
      class: channel.class,
      label: channel.label,
      ...(traceparent === undefined ? {} : { traceparent }),
      signal,
      accept: () => {
        if (this.endAccepting(channel.id) !== undefined) {
          this.accepted += 1;
          this.accounts.opened(channel);
          this.options.sender.send(FRAME.ACCEPT, channel.id, channel.window.limitBytes);
        }
        return channel;
      },
      refuse: (code, detail) => {
        if (this.endAccepting(channel.id) === undefined) return;
        this.sendRefuse(channel.id, code, detail);
        channel.abandon(code);
        this.discount(channel);
        this.remove(channel);
      },
    };
  }

  private receiveRefuse(id: number, channel: Channel | undefined, payload: Buffer): void {
    const { code, detail } = decodeFields(CODE_FIELDS, payload);
    if (this.resumable) this.options.sender.send(FRAME.ACK, id, 1);
    if (channel === undefined) return;
    const waiting = this.failOpening(channel.id, new OpenRefusedError(code, detail));
    if (!waiting && channel.resetReason === undefined)
      throw new SessionError('unexpected-frame', 'REFUSE after ACCEPT');
    channel.abandon(code);
    this.discount(channel);
    this.remove(channel);
  }

  private giveUp(channel: Channel, code: string): void {
    if (this.failOpening(channel.id, new OpenRefusedError(code))) channel.reset('cancelled');
  }

  private failOpening(id: number, error: OpenRefusedError): boolean {
    const pending = this.opening.get(id);
    if (pending === undefined) return false;
    this.opening.delete(id);
    clearTimeout(pending.timer);
    pending.reject(error);
    return true;
  }

  private endAccepting(id: number): PendingAccept | undefined {
    const pending = this.accepting.get(id);
    if (pending === undefined) return undefined;
    this.accepting.delete(id);
    clearTimeout(pending.timer);
    return pending;
  }

  private sendRefuse(id: number, code: string, detail?: string): void {
    this.refused += 1;
    const payload = codePayload(code, detail);
    if (this.resumable) this.recovery.keepRefusal(id, payload);
    this.options.sender.send(FRAME.REFUSE, id, 0, payload);
  }

  /** Says what this end has received, so that the peer sends the rest again. */
  sendTable(answerWanted: boolean): void {
    for (const { offset, payload } of encodeTable(this.recovery.snapshot(answerWanted))) {
      this.options.sender.send(FRAME.RESUME_TABLE, 0, offset, payload);
    }
  }

  /** One part of the peer's table; with the last one it is brought up to date. @throws SessionError. */
  receiveTable(lane: Lane, offset: number, payload: Buffer): void {
    lane.tables ??= new TableReader(this.maxTableEntries);
    const table = lane.tables.push(offset, payload);
    if (table === undefined) return;
    if (table.answerWanted) this.sendTable(false);
    this.recovery.reconcile(table);
  }

  laneLost(lane: Lane): void {
    for (const channel of this.channels.values()) channel.laneLost(lane);
  }

  /** DATA of these channels leaves a lane that carries control from now on alone. */
  leaveLane(lane: Lane): void {
    for (const channel of this.channels.values()) {
      if (channel.class !== 'control' && channel.lane === lane) channel.leaveLane();
    }
  }

  private get lastOwnId(): number {
    return Math.max(0, this.nextId - 2);
  }

  /** @returns undefined for a finished id. @throws SessionError for one that was never opened. */
  private find(id: number): Channel | undefined {
    const channel = this.channels.get(id);
    if (channel !== undefined) return channel;
    const known = id > 0 && (this.isOwn(id) ? id < this.nextId : id <= this.lastPeerId);
    if (!known) throw new SessionError('bad-channel-id', `${id} was never opened`);
    return undefined;
  }

  private isOwn(id: number): boolean {
    return id % 2 === this.ownParity;
  }

  private create(id: number, service: string, channelClass: ChannelClass, label: string): Channel | undefined {
    const { config, clock } = this.options;
    const windowBytes = this.budget.reserve(config.windowBytes, config.minWindowBytes);
    if (windowBytes === 0) return undefined;
    const window = new ReceiveWindow(windowBytes, config.maxWindowBytes, this.budget, clock);
    const channel = new Channel(id, service, channelClass, label, window, this.port);
    this.channels.set(id, channel);
    return channel;
  }

  private remove(channel: Channel): void {
    if (!this.channels.delete(channel.id)) return;
    this.recovery.openings.delete(channel.id);
    this.accounts.removed(channel);
    channel.release();
    if (this.isOwn(channel.id)) this.ownCount -= 1;
    if (this.channels.size === 0) this.options.emptied();
  }

  /** The peer may open another one. */
  private discount(channel: Channel): void {
    this.peerOpen.delete(channel.id);
  }

  /** Channels that are over and not acknowledged count apart: a peer that never acknowledges has no more of them. */
  private get full(): boolean {
    const { maxChannels } = this.options.config;
    const ofPeer = this.channels.size - this.ownCount;
    return this.peerOpen.size >= maxChannels || ofPeer - this.peerOpen.size >= maxChannels;
  }

  /** Far more than an honest table lists. What the peer says of its own limit binds us, it does not make room here. */
  private get maxTableEntries(): number {
    const { maxChannels, budgetBytes, minWindowBytes } = this.options.config;
    return 4 * (maxChannels + Math.min(this.peerMaxChannels, Math.ceil(budgetBytes / minWindowBytes)));
  }

  private createRecovery(): Recovery {
    return new Recovery({
      sender: this.options.sender,
      maxChannels: this.options.config.maxChannels,
      channels: () => this.channels.values(),
      ids: () => ({ lastPeerId: this.lastPeerId, lastOwnId: this.lastOwnId }),
      isOwn: (id) => this.isOwn(id),
      isAccepting: (id) => this.accepting.has(id),
      waits: (id) => this.opening.has(id) || this.accepting.has(id),
      lost: (channel) => {
        this.failOpening(channel.id, new OpenRefusedError('session-lost'));
        this.endAccepting(channel.id)?.abort.abort('session-lost');
        channel.forgotten();
      },
    });
  }

  private createPort(): ChannelPort {
    const { sender, config, rttMs, clock } = this.options;
    const sendBudget = new SendBudget(config.sendBudgetBytes, this.options.sendBudget, config.sendBufferBytes);
    const resumable = (): boolean => this.resumable;
    return {
      sendable: (channel) => {
        const { out, queueAge } = channel;
        queueAge.note(out.sentBytes + out.queuedBytes, out.sentBytes, clock.steadyMs());
        sender.sendable(channel);
      },
      creditDue: (channel) => sender.creditDue(channel),
      ackDue: (channel) => (this.resumable ? sender.ackDue(channel) : undefined),
      ackLater: (channel) => (this.resumable ? sender.ackLater(channel) : undefined),
      over: (channel) => {
        this.accounts.ended(channel);
        this.discount(channel);
        // Its bytes are dropped; only the acknowledgement of the end is still to come.
        if (channel.resetReason !== undefined) channel.window.release();
      },
      get resumable() {
        return resumable();
      },
      sendReset: (channel, code) => sender.send(FRAME.RESET, channel.id, channel.out.highBytes, codePayload(code)),
      sendStop: (channel, code) => sender.send(FRAME.STOP, channel.id, 0, codePayload(code)),
      ended: (channel) => this.remove(channel),
      get rttMs() {
        return rttMs();
      },
      sendBufferBytes: config.sendBufferBytes,
      sendBufferLimitBytes: config.sendBufferLimitBytes,
      sendBudget,
      maxRetainedBytes: config.maxWindowBytes,
    };
  }
}
