import type { Channel } from './channel.js';
import { type ChannelClass, MAX_DATA_PAYLOAD_BYTES } from './frame.js';

/** Shares of the classes below `control` (SPEC.md section 6); `control` is served first. */
export const CLASS_WEIGHT = { live: 8, events: 2, playback: 2, bulk: 1 } as const satisfies Partial<
  Record<ChannelClass, number>
>;

/** No smaller than the largest DATA frame, so that one visit always makes a class's deficit positive again. */
const QUANTUM_BYTES = MAX_DATA_PAYLOAD_BYTES;
/** Control is first up to the greater of this and a tenth of the rate; what exceeds it counts as events. */
const CONTROL_BYTES_PER_S = 65_536;
const CONTROL_SHARE = 0.1;
/** A burst of control that has been saved up. */
const CONTROL_BURST_MS = 1_000;

interface ClassQueue {
  readonly quantumBytes: number;
  readonly channels: Channel[];
  deficitBytes: number;
}

/** What the order knows of time and rate; without it control has no limit. */
export interface OrderClock {
  steadyMs(): number;
  /** Bytes per second, 0 while unknown. */
  rateBytes(): number;
}

/** Which channel sends next: deficit round robin between classes, round robin between the channels of a class. */
export class SendOrder {
  private readonly control: Channel[] = [];
  private readonly queues: Record<Exclude<ChannelClass, 'control'>, ClassQueue> = {
    live: queue(CLASS_WEIGHT.live),
    events: queue(CLASS_WEIGHT.events),
    playback: queue(CLASS_WEIGHT.playback),
    bulk: queue(CLASS_WEIGHT.bulk),
  };
  private readonly ring = Object.values(this.queues);
  private cursor = 0;
  private controlTokens = CONTROL_BYTES_PER_S;
  private refilledAtMs: number;
  /** The queue that the last channel came from; undefined for control within its share. */
  private serving: ClassQueue | undefined;

  constructor(private readonly clock?: OrderClock) {
    this.refilledAtMs = clock?.steadyMs() ?? 0;
  }

  /** Puts a channel at the end of its class; harmless when it is waiting already. */
  add(channel: Channel): void {
    if (channel.scheduled) return;
    channel.scheduled = true;
    if (channel.class === 'control') this.control.push(channel);
    else this.queues[channel.class].channels.push(channel);
  }

  /** Takes the next channel that has something to send. @param reserved control and events alone */
  next(reserved = false): Channel | undefined {
    for (;;) {
      const channel = this.nextControl() ?? (reserved ? this.nextEvent() : this.turn());
      if (channel === undefined) return undefined;
      channel.scheduled = false;
      if (channel.out.sendable) return channel;
    }
  }

  /** The next channel of control, within the share of control. */
  nextUrgent(): Channel | undefined {
    for (;;) {
      const channel = this.nextControl();
      if (channel === undefined) return undefined;
      channel.scheduled = false;
      if (channel.out.sendable) return channel;
    }
  }

  /** Of the channel that `next` gave last. */
  charge(bytes: number): void {
    if (this.serving === undefined) this.controlTokens -= bytes;
    else this.serving.deficitBytes -= bytes;
  }

  private nextControl(): Channel | undefined {
    const [first] = this.control;
    if (first === undefined) return undefined;
    if (this.refill() <= 0) {
      this.queues.events.channels.push(...this.control.splice(0));
      return undefined;
    }
    this.serving = undefined;
    return this.control.shift();
  }

  private nextEvent(): Channel | undefined {
    this.serving = this.queues.events;
    return this.serving.channels.shift();
  }

  private refill(): number {
    if (this.clock === undefined) return Number.POSITIVE_INFINITY;
    const now = this.clock.steadyMs();
    const perMs = Math.max(CONTROL_BYTES_PER_S, CONTROL_SHARE * this.clock.rateBytes()) / 1_000;
    this.controlTokens = Math.min(perMs * CONTROL_BURST_MS, this.controlTokens + (now - this.refilledAtMs) * perMs);
    this.refilledAtMs = now;
    return this.controlTokens;
  }

  private turn(): Channel | undefined {
    for (let visits = 0; visits <= this.ring.length; visits += 1) {
      const current = this.ring[this.cursor];
      if (current !== undefined && current.channels.length > 0 && current.deficitBytes > 0) {
        this.serving = current;
        return current.channels.shift();
      }
      if (current !== undefined && current.channels.length === 0) current.deficitBytes = 0;
      this.cursor = (this.cursor + 1) % this.ring.length;
      const following = this.ring[this.cursor];
      if (following !== undefined && following.channels.length > 0) following.deficitBytes += following.quantumBytes;
    }
    return undefined;
  }
}

function queue(weight: number): ClassQueue {
  return { quantumBytes: weight * QUANTUM_BYTES, channels: [], deficitBytes: 0 };
}
