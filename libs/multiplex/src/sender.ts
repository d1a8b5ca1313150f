import type { Channel } from './channel.js';
import type { Clock, SessionConfig } from './config.js';
import { encodeFrame } from './encode.js';
import { SessionError } from './errors.js';
import { FRAME } from './frame.js';
import type { Lane } from './lane.js';
import type { LaneSet } from './lane-set.js';
import type { Pacer } from './pacer.js';
import { SendOrder } from './send-order.js';
import type { UplinkCap, UplinkShare } from './uplink-cap.js';

export interface SenderOptions {
  readonly lanes: LaneSet;
  readonly config: SessionConfig;
  readonly clock: Clock;
  readonly pacer: Pacer;
  readonly cap: UplinkCap;
  readonly overflow: (error: SessionError) => void;
}

/**
 * What goes out, in which order and on which lane: each lane's own frames, control frames, acknowledgements and credit on
 * the control lane, then DATA and FIN by SendOrder. All that was asked for in one turn of the event loop leaves in one
 * write per lane. Without a lane control frames are dropped: the tables of a resume say the same again.
 */
export class Sender {
  /** The peer's limit on one DATA payload. */
  maxDataBytes: number;
  frames = 0;
  private readonly order: SendOrder;
  /** By lane: channels that had something to send while its transport was full. */
  private parked: Map<Lane, Channel[]> | undefined;
  private control: Buffer[] = [];
  private controlBytes = 0;
  private credit: Channel[] = [];
  private acks: Channel[] = [];
  /** Made when the first is late: thousands of sessions carry nothing. */
  private lateAcks: Set<Channel> | undefined;
  private ackTimer: NodeJS.Timeout | undefined;
  private readonly share: UplinkShare;
  private scheduled = false;
  private stopped = false;

  constructor(private readonly options: SenderOptions) {
    this.maxDataBytes = options.config.maxDataBytes;
    const { clock, pacer, cap } = options;
    this.share = cap.share(() => this.flush());
    this.order = new SendOrder({ steadyMs: () => clock.steadyMs(), rateBytes: () => pacer.rateBytes });
  }

  send(type: number, channel: number, offset: number, payload?: Buffer): void {
    if (this.stopped || this.options.lanes.size === 0) return;
    const frame = encodeFrame(type, channel, offset, payload);
    this.control.push(frame);
    this.controlBytes += frame.length;
    this.schedule();
    if (this.controlBytes > this.options.config.controlQueueBytes)
      this.options.overflow(new SessionError('control-overflow'));
  }

  /** At most one MAX_DATA pending per channel; its value is read when it is written. */
  creditDue(channel: Channel): void {
    if (channel.creditScheduled) return;
    channel.creditScheduled = true;
    this.credit.push(channel);
    this.schedule();
  }

  /** At most one ACK pending per channel; its value is read when it is written. */
  ackDue(channel: Channel): void {
    this.lateAcks?.delete(channel);
    if (channel.ackScheduled) return;
    channel.ackScheduled = true;
    this.acks.push(channel);
    this.schedule();
  }

  ackLater(channel: Channel): void {
    if (channel.ackScheduled) return;
    this.lateAcks ??= new Set();
    this.lateAcks.add(channel);
    this.ackTimer ??= setTimeout(() => {
      this.ackTimer = undefined;
      for (const late of this.lateAcks ?? []) this.ackDue(late);
    }, this.options.config.ackDelayMs).unref();
  }

  sendable(channel: Channel): void {
    if (!channel.out.sendable) return;
    this.order.add(channel);
    this.schedule();
  }

  /** What waited for that lane waits no more; its channels are sendable again when they have another. */
  laneLost(lane: Lane): void {
    this.options.pacer.laneLost(lane);
    this.unpark(lane);
    this.schedule();
  }

  /** The transport of a lane has room again. */
  drained(): void {
    for (const lane of this.options.lanes.all) {
      if (lane.writable) this.unpark(lane);
    }
    this.flush();
  }

  get capacityBytesPerSecond(): number | undefined {
    return this.options.pacer.capacityBytes;
  }

  flush(): void {
    this.scheduled = false;
    if (this.stopped) return;
    const { lanes, pacer, cap } = this.options;
    const { all } = lanes;
    if (pacer.takePing()) lanes.control?.liveness?.ping();
    for (const lane of all) lane.limitRecords(pacer.recordBytes);
    const before = all.map((lane) => lane.bytesSent);
    const quiet = all.map((lane) => lane.quietSent);
    for (const lane of all) if (lane.writable) this.frames += lane.flushOwn();
    if (lanes.control?.writable === true) this.flushControl(lanes.control);
    for (const [index, lane] of all.entries()) cap.spend(lane.bytesSent - (before[index] ?? 0));
    const limited = this.flushChannels();
    for (const [index, lane] of all.entries()) {
      lane.flush();
      if (lane.writable) this.unpark(lane);
      cap.spendRecords(lane.bytesSent - (before[index] ?? 0), lane.recordBytes);
      const isQuiet = lane.bytesSent - (before[index] ?? 0) === lane.quietSent - (quiet[index] ?? 0);
      pacer.sent(lane, before[index] ?? 0, limited, isQuiet);
    }
  }

  /** Writes the waiting control frames whatever the backlog, then falls silent. */
  finish(): void {
    if (this.stopped) return;
    const { control } = this.options.lanes;
    clearTimeout(this.ackTimer);
    this.share.close();
    if (control !== undefined) {
      this.frames += control.flushOwn();
      this.flushControl(control);
      control.flush();
    }
    this.stopped = true;
    this.dropControl();
  }

  /** Every lane is gone. */
  dropControl(): void {
    this.control = [];
    this.controlBytes = 0;
    for (const channel of this.credit) channel.creditScheduled = false;
    for (const channel of this.acks) channel.ackScheduled = false;
    this.credit = [];
    this.acks = [];
    this.lateAcks?.clear();
  }

  schedule(): void {
    if (this.scheduled || this.stopped) return;
    this.scheduled = true;
    setImmediate(() => this.flush());
  }

  private unpark(lane: Lane): void {
    const parked = this.parked?.get(lane);
    if (parked === undefined) return;
    this.parked?.delete(lane);
    for (const channel of parked) {
      channel.scheduled = false;
      this.sendable(channel);
    }
  }

  /** Counts as scheduled, so that it waits once. */
  private park(channel: Channel, lane: Lane | undefined): void {
    channel.scheduled = lane !== undefined;
    if (lane === undefined) return;
    this.parked ??= new Map();
    const parked = this.parked.get(lane);
    if (parked === undefined) this.parked.set(lane, [channel]);
    else parked.push(channel);
  }

  private flushControl(lane: Lane): void {
    for (const frame of this.control) this.write(lane, frame);
    this.control = [];
    this.controlBytes = 0;
    for (const channel of this.acks) {
      channel.ackScheduled = false;
      this.writeQuietly(lane, encodeFrame(FRAME.ACK, channel.id, channel.takeAck()));
    }
    this.acks = [];
    for (const channel of this.credit) {
      channel.creditScheduled = false;
      if (channel.receiveEnded) continue;
      this.writeQuietly(lane, encodeFrame(FRAME.MAX_DATA, channel.id, channel.window.limitBytes));
    }
    this.credit = [];
  }

  /** Within what the lanes, the pace and the cap leave. @returns whether all that was there has gone. */
  private flushChannels(): boolean {
    const { lanes, pacer, cap } = this.options;
    const { share } = this;
    let room = pacer.room + lanes.quietBytes;
    let urgentRoom = pacer.urgentRoom + lanes.quietBytes;
    share.begin();
    while (lanes.all.some((lane) => lane.writable)) {
      if (urgentRoom <= 0) return false;
      if (!share.allows(true)) return this.waitForCap(true);
      const unreserved = share.allows(false);
      const channel = room <= 0 ? this.order.nextUrgent() : this.order.next(!unreserved);
      if (channel === undefined) return room > 0 && (unreserved || this.waitForCap(false));
      const lane = lanes.laneOf(channel);
      if (lane?.writable !== true) {
        this.park(channel, lane);
        continue;
      }
      const before = lane.bytesSent;
      this.flushChannel(channel, lane);
      room -= lane.bytesSent - before;
      urgentRoom -= lane.bytesSent - before;
      cap.spend(lane.bytesSent - before);
    }
    return false;
  }

  private waitForCap(reserved: boolean): false {
    this.share.wait(reserved);
    return false;
  }

  private flushChannel(channel: Channel, lane: Lane): void {
    const most = Math.min(this.maxDataBytes, this.options.pacer.frameBytes, this.options.cap.frameBytes);
    const wanted = channel.out.sendableBytes(most);
    if (wanted > 0) {
      const bytes = lane.writeData(channel, wanted);
      this.frames += 1;
      channel.out.sent(bytes);
      this.order.charge(bytes);
      lane.awaitAck();
    }
    if (channel.out.finDue) {
      this.write(lane, encodeFrame(FRAME.FIN, channel.id, channel.out.sentBytes));
      channel.out.finSent();
    }
    if (channel.out.sendable) this.order.add(channel);
    channel.afterSend();
  }

  private writeQuietly(lane: Lane, frame: Buffer): void {
    this.frames += 1;
    lane.writeQuietly(frame);
  }

  private write(lane: Lane, frame: Buffer): void {
    this.frames += 1;
    lane.write(frame);
  }
}
