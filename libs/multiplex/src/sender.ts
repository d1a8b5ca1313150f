import type { Channel } from './channel.js';
import { encodeFrame, encodeHeader } from './encode.js';
import { SessionError } from './errors.js';
import { FRAME } from './frame.js';
import type { Lane } from './lane.js';
import { SendOrder } from './send-order.js';

/**
 * What goes out, in which order: control frames, then credit, then DATA and FIN by SendOrder.
 * All that was asked for in one turn of the event loop leaves in one write.
 */
export class Sender {
  /** The peer's limit on one DATA payload. */
  maxDataBytes: number;
  frames = 0;
  private readonly order = new SendOrder();
  private control: Buffer[] = [];
  private controlBytes = 0;
  private credit: Channel[] = [];
  private pongToken: number | undefined;
  private scheduled = false;
  private stopped = false;

  constructor(
    private readonly lane: Lane,
    private readonly controlQueueBytes: number,
    maxDataBytes: number,
    private readonly overflow: (error: SessionError) => void,
  ) {
    this.maxDataBytes = maxDataBytes;
  }

  send(type: number, channel: number, offset: number, payload?: Buffer): void {
    if (this.stopped) return;
    const frame = encodeFrame(type, channel, offset, payload);
    this.control.push(frame);
    this.controlBytes += frame.length;
    this.schedule();
    if (this.controlBytes > this.controlQueueBytes) this.overflow(new SessionError('control-overflow'));
  }

  /** At most one pending: a newer token replaces an older one. */
  pong(token: number): void {
    this.pongToken = token;
    this.schedule();
  }

  /** At most one MAX_DATA pending per channel; its value is read when it is written. */
  creditDue(channel: Channel): void {
    if (channel.creditScheduled) return;
    channel.creditScheduled = true;
    this.credit.push(channel);
    this.schedule();
  }

  sendable(channel: Channel): void {
    if (!channel.out.sendable) return;
    this.order.add(channel);
    this.schedule();
  }

  /** Called when the transport has drained, and before it is closed. */
  flush(): void {
    this.scheduled = false;
    if (this.stopped) return;
    this.lane.cork();
    if (this.lane.writable) this.flushControl();
    while (this.lane.writable) {
      const channel = this.order.next();
      if (channel === undefined) break;
      this.flushChannel(channel);
    }
    this.lane.uncork();
  }

  /** Writes the waiting control frames whatever the backlog, then falls silent. */
  finish(): void {
    if (this.stopped) return;
    this.lane.cork();
    this.flushControl();
    this.lane.uncork();
    this.stopped = true;
    this.control = [];
    this.credit = [];
  }

  private schedule(): void {
    if (this.scheduled || this.stopped) return;
    this.scheduled = true;
    setImmediate(() => this.flush());
  }

  private flushControl(): void {
    for (const frame of this.control) this.write(frame);
    this.control = [];
    this.controlBytes = 0;
    if (this.pongToken !== undefined) this.write(encodeFrame(FRAME.PONG, 0, this.pongToken));
    this.pongToken = undefined;
    for (const channel of this.credit) {
      channel.creditScheduled = false;
      if (!channel.receiveEnded) this.write(encodeFrame(FRAME.MAX_DATA, channel.id, channel.window.limitBytes));
    }
    this.credit = [];
  }

  private flushChannel(channel: Channel): void {
    const offset = channel.out.sentBytes;
    const { chunks, bytes } = channel.out.take(this.maxDataBytes);
    if (bytes > 0) {
      this.write(encodeHeader(FRAME.DATA, 0, channel.id, offset, bytes));
      for (const chunk of chunks) this.lane.write(chunk);
      this.order.charge(channel, bytes);
    }
    if (channel.out.finDue) {
      this.write(encodeFrame(FRAME.FIN, channel.id, channel.out.sentBytes));
      channel.out.finSent();
    }
    if (channel.out.sendable) this.order.add(channel);
    channel.afterSend();
  }

  private write(frame: Buffer): void {
    this.frames += 1;
    this.lane.write(frame);
  }
}
