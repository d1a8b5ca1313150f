import { SessionError } from './errors.js';
import type { ChannelClass } from './frame.js';
import type { ReceiveWindow } from './receive-window.js';
import { SendSide } from './send-side.js';
import { type ReceiveState, RECEIVE_MOVES, move } from './state.js';

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
  sendReset(channel: Channel, code: string): void;
  sendStop(channel: Channel, code: string): void;
  ended(channel: Channel): void;
  readonly rttMs: number | undefined;
  readonly sendBufferBytes: number;
  readonly sendBufferLimitBytes: number;
}

/**
 * One bidirectional byte stream. Chunks are passed by reference in both directions: do not change a buffer after
 * `write`. Received bytes count against the peer's credit until `consume`.
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
  readonly out = new SendSide();
  private receiveState: ReceiveState = 'open';
  private dataHandler: ((chunk: Buffer) => void) | undefined;
  private finHandler: (() => void) | undefined;
  private resetHandler: ((code: string) => void) | undefined;
  /** Arrived before there was a handler; bounded by the window. */
  private early: Buffer[] = [];
  private finUndelivered = false;
  private finalOffset: number | undefined;
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
    this.closed = new Promise((resolve) => {
      this.settle = resolve;
    });
  }

  get class(): ChannelClass {
    return this.channelClass;
  }

  get bytesSent(): number {
    return this.out.sentBytes;
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
    if (this.early.length > 0 || this.finUndelivered) queueMicrotask(() => this.deliverEarly());
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
    if (this.receiveState === 'open') {
      this.receiveState = move(RECEIVE_MOVES, this.receiveState, 'stopped');
      this.port.sendStop(this, code);
    }
    this.afterReset(code);
  }

  /** Returns credit for bytes that have left our memory. */
  consume(bytes: number): void {
    const due = this.window.consume(bytes, this.port.rttMs);
    if (due && this.receiveState === 'open') this.port.creditDue(this);
  }

  /** @internal */
  receiveData(offset: number, chunk: Buffer): void {
    if (this.finalOffset !== undefined) {
      if (offset + chunk.length > this.finalOffset) throw new SessionError('beyond-final-offset', `channel ${this.id}`);
      return;
    }
    if (chunk.length === 0) return;
    this.window.receive(offset, chunk.length);
    if (this.receiveState !== 'open') return;
    if (this.dataHandler === undefined || this.early.length > 0) this.early.push(chunk);
    else this.dataHandler(chunk);
  }

  /** @internal */
  receiveFin(offset: number): void {
    if (!this.receiveEnd(offset, 'finished')) return;
    this.checkEnd();
    if (this.resetCode !== undefined) return;
    this.finUndelivered = true;
    this.deliverEarly();
  }

  /** @internal the peer abandons its direction; ours is of no use any more, so it is reset with the same code. */
  receiveReset(offset: number, code: string): void {
    if (!this.receiveEnd(offset, 'reset')) return;
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

  /** @internal called by the sender after bytes or the FIN went out. */
  afterSend(): void {
    if (this.out.ended) {
      this.checkEnd();
      this.out.notifyEnded();
    }
    if (!this.blocked || this.out.queuedBytes > this.port.sendBufferBytes / 2) return;
    this.blocked = false;
    this.onDrain?.();
  }

  /** @internal the session is gone: nothing is sent any more. */
  abandon(code: string): void {
    this.out.reset();
    if (this.receiveState === 'open' || this.receiveState === 'stopped') this.receiveState = 'reset';
    if (this.resetCode !== undefined) return;
    this.resetCode = code;
    this.early = [];
    this.settle(this.endReport(code));
    this.out.notifyEnded();
    this.resetHandler?.(code);
  }

  /** Both directions have ended. */
  get over(): boolean {
    return this.out.ended && (this.receiveState === 'finished' || this.receiveState === 'reset');
  }

  get sendEnded(): boolean {
    return this.out.state !== 'open';
  }

  get receiveEnded(): boolean {
    return this.receiveState !== 'open';
  }

  private receiveEnd(offset: number, to: 'finished' | 'reset'): boolean {
    if (this.finalOffset !== undefined) {
      if (offset !== this.finalOffset) throw new SessionError('beyond-final-offset', `channel ${this.id}`);
      return false;
    }
    if (offset !== this.window.received) throw new SessionError('bad-offset', `end of channel ${this.id}`);
    this.finalOffset = offset;
    this.receiveState = move(RECEIVE_MOVES, this.receiveState, to);
    return true;
  }

  private deliverEarly(): void {
    while (this.dataHandler !== undefined) {
      const chunk = this.early.shift();
      if (chunk === undefined) break;
      this.dataHandler(chunk);
    }
    if (this.resetCode !== undefined || this.early.length > 0) return;
    if (!this.finUndelivered || this.finHandler === undefined) return;
    this.finUndelivered = false;
    this.finHandler();
  }

  private afterReset(code: string): void {
    this.early = [];
    this.settle(this.endReport(code));
    this.checkEnd();
    this.out.notifyEnded();
    this.resetHandler?.(code);
  }

  private checkEnd(): void {
    if (!this.over) return;
    this.settle(this.endReport(this.resetCode ?? 'finished'));
    this.port.ended(this);
  }

  private endReport(code: string): ChannelEnd {
    return { code, bytesSent: this.out.sentBytes, bytesReceived: this.window.received };
  }
}
