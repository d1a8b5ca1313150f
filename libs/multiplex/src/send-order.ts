import type { Channel } from './channel.js';
import { type ChannelClass, MAX_DATA_PAYLOAD_BYTES } from './frame.js';

/** Shares of the classes below `control` (SPEC.md section 6); `control` is served first. */
export const CLASS_WEIGHT = { live: 8, events: 2, playback: 2, bulk: 1 } as const satisfies Partial<
  Record<ChannelClass, number>
>;

/** No smaller than the largest DATA frame, so that one visit always makes a class's deficit positive again. */
const QUANTUM_BYTES = MAX_DATA_PAYLOAD_BYTES;

interface ClassQueue {
  readonly quantumBytes: number;
  readonly channels: Channel[];
  deficitBytes: number;
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

  /** Puts a channel at the end of its class; harmless when it is waiting already. */
  add(channel: Channel): void {
    if (channel.scheduled) return;
    channel.scheduled = true;
    if (channel.class === 'control') this.control.push(channel);
    else this.queues[channel.class].channels.push(channel);
  }

  /** Takes the next channel that has something to send. */
  next(): Channel | undefined {
    for (;;) {
      const channel = this.control.shift() ?? this.turn()?.channels.shift();
      if (channel === undefined) return undefined;
      channel.scheduled = false;
      if (channel.out.sendable) return channel;
    }
  }

  charge(channel: Channel, bytes: number): void {
    if (channel.class !== 'control') this.queues[channel.class].deficitBytes -= bytes;
  }

  private turn(): ClassQueue | undefined {
    for (let visits = 0; visits <= this.ring.length; visits += 1) {
      const current = this.ring[this.cursor];
      if (current !== undefined && current.channels.length > 0 && current.deficitBytes > 0) return current;
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
