import { EarlyBytes } from './early-bytes.js';
import type { ChannelClass } from './frame.js';
import type { Lane } from './lane.js';
import { QueueAge } from './queue-age.js';
import { ReceiveSide } from './receive-side.js';
import type { ReceiveWindow } from './receive-window.js';
import type { SendBudget } from './send-budget.js';
import { SendSide } from './send-side.js';

/** How a channel ended: `finished` after FIN in both directions, else the code of the reset. Bytes are payload bytes. */
export interface ChannelEnd {
  readonly code: string;
  readonly bytesSent: number;
  readonly bytesReceived: number;
}

/** What a channel needs from its session. */
export interface ChannelPort {
  sendable(channel: Channel): void;
  creditDue(channel: Channel): void;
  /** An ACK is worth a frame. */
  ackDue(channel: Channel): void;
  /** An ACK is due before long. */
  ackLater(channel: Channel): void;
  sendReset(channel: Channel, code: string): void;
  sendStop(channel: Channel, code: string): void;
  /** Both directions have ended. */
  over(channel: Channel): void;
  /** Over, and the peer knows. */
  ended(channel: Channel): void;
  /** Keep what is sent until it is acknowledged; acknowledge what is received. */
  readonly resumable: boolean;
  readonly rttMs: number | undefined;
  readonly sendBufferBytes: number;
  readonly sendBufferLimitBytes: number;
  readonly sendBudget: SendBudget;
  readonly maxRetainedBytes: number;
}

/** Bytes below `upTo` may still be on a lane that the channel has left. */
interface Trail {
  readonly lane: Lane;
  readonly upTo: number;
}

/** Bytes received that are worth an ACK at once, or a quarter of the window. */
const ACK_BYTES = 65_536;

/**
 * One bidirectional byte stream. `write` copies; what `onData` is given belongs to it. Received bytes count against the
 * peer's credit until `consume`.
 */
export class Channel {
  /** Called when the buffer that made `write` answer false has drained to half. */
  onDrain: (() => void) | undefined;
  /** Settles once, never rejects. */
  readonly closed: Promise<ChannelEnd>;
  /** @internal order marks of the sender */
  scheduled = false;
  /** @internal */
  creditScheduled = false;
  /** @internal */
  ackScheduled = false;
  /** @internal the lane of its DATA, undefined until it sends */
  lane: Lane | undefined;
  /** @internal */
  readonly out: SendSide;
  /** @internal since when bytes wait in `out` */
  readonly queueAge = new QueueAge();
  private readonly in: ReceiveSide;
  private ackedOffset = 0;
  private trail: Trail[] = [];
  private isOver = false;
  private dataHandler: ((chunk: Buffer) => void) | undefined;
  private finHandler: (() => void) | undefined;
  private resetHandler: ((code: string) => void) | undefined;
  /** Arrived before there was a handler; bounded by the window. */
  private readonly early = new EarlyBytes();
  private finUndelivered = false;
  private resetCode: string | undefined;
  private blocked = false;
  private settle: (end: ChannelEnd) => void = () => undefined;

  constructor(
    readonly id: number,
    readonly service: string,
    private readonly channelClass: ChannelClass,
    readonly label: string,
    /** @internal */
    readonly window: ReceiveWindow,
    private readonly port: ChannelPort,
  ) {
    this.out = new SendSide(port.resumable, port.sendBudget, port.maxRetainedBytes);
    this.in = new ReceiveSide(id, window, port.resumable);
    this.closed = new Promise((resolve) => {
      this.settle = resolve;
    });
  }

  get class(): ChannelClass {
    return this.channelClass;
  }

  get bytesSent(): number {
    return this.out.highBytes;
  }

  get bytesReceived(): number {
    return this.window.received;
  }

  /** Code of the reset, from either side; undefined while the channel lives or when it finished in order. */
  get resetReason(): string | undefined {
    return this.resetCode;
  }

  /** Bytes that arrive before the handler is set are kept for it. */
  set onData(handler: ((chunk: Buffer) => void) | undefined) {
    this.dataHandler = handler;
    if (!this.early.isEmpty || this.finUndelivered) queueMicrotask(() => this.deliverEarly());
  }

  /** Called once, after the last byte. */
  set onFin(handler: (() => void) | undefined) {
    this.finHandler = handler;
    if (this.finUndelivered) queueMicrotask(() => this.deliverEarly());
  }

  /** Called once when either side, or the loss of the session, cuts the channel. */
  set onReset(handler: ((code: string) => void) | undefined) {
    this.resetHandler = handler;
    const code = this.resetCode;
    if (code !== undefined) queueMicrotask(() => handler?.(code));
  }

  /**
   * Queues bytes. False: stop until `onDrain`. Nothing happens on a channel that was reset.
   * @throws Error after `end`.
   */
  write(chunk: Buffer): boolean {
    if (this.out.state === 'reset') return false;
    if (this.out.state !== 'open') throw new Error('write after end');
    if (chunk.length === 0) return !this.blocked;
    this.out.push(chunk);
    if (this.out.queuedBytes > this.port.sendBufferLimitBytes) {
      this.reset('send-overflow');
      return false;
    }
    this.port.sendable(this);
    if (this.out.queuedBytes > this.port.sendBufferBytes) this.blocked = true;
    if (this.port.sendBudget.isSpent) this.awaitBudget();
    return !this.blocked;
  }

  /** FIN after what is queued; receiving goes on. Harmless when sending has ended. `onSent`: FIN is on its way, or never will be. */
  end(onSent?: () => void): void {
    if (this.out.state === 'open') {
      this.out.end();
      this.port.sendable(this);
    }
    if (onSent !== undefined) this.out.whenEnded(onSent);
  }

  /** Cuts both directions, drops what is queued. Harmless on an ended channel. */
  reset(code: string): void {
    if (this.over || this.resetCode !== undefined) return;
    this.resetCode = code;
    if (this.out.reset()) this.port.sendReset(this, code);
    if (!this.in.ended) {
      this.in.stop();
      this.port.sendStop(this, code);
    }
    this.afterReset(code);
  }

  /** Returns credit for bytes that have left our memory. */
  consume(bytes: number): void {
    const due = this.window.consume(bytes, this.port.rttMs);
    if (due && !this.in.ended) this.port.creditDue(this);
  }

  /** @internal */
  receiveData(offset: number, chunk: Buffer): void {
    this.in.data(offset, chunk, (piece) => this.deliver(piece));
    if (this.port.resumable) this.noteAck();
    if (this.in.finReached()) this.finReceived();
  }

  /** @internal */
  receiveFin(offset: number): void {
    if (this.in.fin(offset)) this.finReceived();
    else if (this.in.peerEnded) this.port.ackDue(this);
  }

  /** @internal the peer abandons its direction; ours is of no use any more, so it is reset with the same code. */
  receiveReset(offset: number, code: string): void {
    const ended = this.in.reset(offset);
    this.port.ackDue(this);
    if (!ended) return;
    if (this.resetCode !== undefined) {
      this.checkEnd();
      return;
    }
    this.resetCode = code;
    if (this.out.reset()) this.port.sendReset(this, code);
    this.afterReset(code);
  }

  /** @internal the peer reads no further; half a channel is of no use to the applications here, so all of it ends. */
  receiveStop(code: string): void {
    if (!this.out.ended) this.reset(code);
  }

  /** @internal */
  receiveCredit(limit: number): void {
    if (this.out.grant(limit)) this.port.sendable(this);
  }

  /** @internal @throws SessionError `bad-offset` */
  receiveAck(offset: number): void {
    this.out.acknowledge(offset);
    if (this.out.sendable) this.port.sendable(this);
    this.checkEnd();
    this.proceed();
  }

  /** @internal what the next ACK says */
  takeAck(): number {
    this.ackedOffset = this.in.ackOffset;
    return this.ackedOffset;
  }

  /** @internal */
  get receivedOffset(): number {
    return this.in.ackOffset;
  }

  /** @internal we cut it, and the peer's end has not come yet */
  get stopping(): boolean {
    return this.in.state === 'stopped';
  }

  /** @internal moves on to another lane; what is under way stays where it is */
  leaveLane(): void {
    const { lane } = this;
    this.lane = undefined;
    if (lane === undefined || !this.port.resumable) return;
    this.trail = [...this.trail.filter(({ upTo }) => upTo > this.out.ackedBytes), { lane, upTo: this.out.highBytes }];
  }

  /** @internal bytes of this channel went with that lane: nothing more until the peer said what it has */
  laneLost(lost: Lane): void {
    const { ackedBytes, state } = this.out;
    const touched = this.trail.some(({ lane, upTo }) => lane === lost && (upTo > ackedBytes || state === 'finished'));
    if (!touched && this.lane !== lost) return;
    if (this.lane === lost) this.lane = undefined;
    this.out.paused = true;
  }

  /** @internal sends again what the peer's table lacks */
  recover(receivedOffset: number, maxData: number): void {
    this.out.acknowledge(receivedOffset);
    this.out.grant(maxData);
    if (this.out.paused) {
      this.out.rewind();
      this.trail = [];
    }
    this.port.sendable(this);
    this.checkEnd();
    this.proceed();
  }

  /** @internal the peer has forgotten the channel: it had everything, and we had its end */
  forgotten(): void {
    this.out.acknowledgeAll();
    if (!this.over) this.abandon('session-lost');
    this.checkEnd();
  }

  /** @internal called by the sender after bytes or the FIN went out. */
  afterSend(): void {
    if (this.out.ended) {
      this.checkEnd();
      this.out.notifyEnded();
    }
    this.proceed();
  }

  /** @internal the session is gone: nothing is sent any more. */
  abandon(code: string): void {
    this.out.reset();
    this.out.discard();
    this.in.abandon();
    if (this.resetCode !== undefined) return;
    this.resetCode = code;
    this.early.clear();
    this.settle(this.endReport(code));
    this.out.notifyEnded();
    this.resetHandler?.(code);
  }

  /** Both directions have ended. */
  get over(): boolean {
    return this.out.ended && this.in.peerEnded;
  }

  get sendEnded(): boolean {
    return this.out.state !== 'open';
  }

  get receiveEnded(): boolean {
    return this.in.ended;
  }

  /** @internal it is forgotten */
  release(): void {
    this.out.discard();
    // What nobody has read, and what a socket has not taken yet, is still in our memory.
    if (this.resetCode === undefined) this.window.retire();
    else this.window.release();
    this.port.sendBudget.forget(this.proceed);
  }

  private awaitBudget(): void {
    this.blocked = true;
    this.port.sendBudget.whenFree(this.proceed);
  }

  /** Writing may go on when the buffer is half empty and the session has room. */
  private readonly proceed = (): void => {
    if (!this.blocked || this.out.queuedBytes > this.port.sendBufferBytes / 2) return;
    if (this.port.sendBudget.isSpent) return this.awaitBudget();
    this.blocked = false;
    this.onDrain?.();
  };

  private deliver(chunk: Buffer): void {
    if (this.dataHandler === undefined || !this.early.isEmpty) this.early.push(chunk);
    else this.dataHandler(chunk);
  }

  private noteAck(): void {
    if (this.in.ackOffset - this.ackedOffset >= Math.min(ACK_BYTES, this.window.size / 4)) this.port.ackDue(this);
    else this.port.ackLater(this);
  }

  private finReceived(): void {
    this.port.ackDue(this);
    this.checkEnd();
    if (this.resetCode !== undefined) return;
    this.finUndelivered = true;
    this.deliverEarly();
  }

  private deliverEarly(): void {
    while (this.dataHandler !== undefined) {
      const chunk = this.early.shift();
      if (chunk === undefined) break;
      this.dataHandler(chunk);
    }
    if (this.resetCode !== undefined || !this.early.isEmpty) return;
    if (!this.finUndelivered || this.finHandler === undefined) return;
    this.finUndelivered = false;
    this.finHandler();
  }

  private afterReset(code: string): void {
    this.early.clear();
    this.settle(this.endReport(code));
    this.checkEnd();
    this.out.notifyEnded();
    this.resetHandler?.(code);
  }

  private checkEnd(): void {
    if (!this.over) return;
    if (!this.isOver) {
      this.isOver = true;
      this.settle(this.endReport(this.resetCode ?? 'finished'));
      this.port.over(this);
    }
    if (this.out.endAcked) this.port.ended(this);
  }

  private endReport(code: string): ChannelEnd {
    return { code, bytesSent: this.out.highBytes, bytesReceived: this.window.received };
  }
}
