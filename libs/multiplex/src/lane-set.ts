import type { Channel } from './channel.js';
import { MAX_LANES } from './frame.js';
import type { Lane } from './lane.js';

/**
 * The live lanes of a session. The one with the lowest index carries control: session frames, openings, ends, credit,
 * acknowledgements and channels of class `control`. DATA of the other classes takes the others, when there are any.
 */
export class LaneSet {
  private lanes: Lane[] = [];
  /** Of lanes that are gone. */
  private past = { sent: 0, received: 0 };

  get all(): readonly Lane[] {
    return this.lanes;
  }

  get size(): number {
    return this.lanes.length;
  }

  get control(): Lane | undefined {
    return this.lanes[0];
  }

  get bytesSent(): number {
    return this.lanes.reduce((total, lane) => total + lane.bytesSent, this.past.sent);
  }

  get bytesReceived(): number {
    return this.lanes.reduce((total, lane) => total + lane.bytesReceived, this.past.received);
  }

  /** Frames that are under way and will not be acknowledged by themselves. */
  get quietBytes(): number {
    return this.lanes.reduce((total, lane) => total + lane.quietSent - lane.quietAcked, 0);
  }

  at(index: number): Lane | undefined {
    return this.lanes.find((lane) => lane.index === index);
  }

  get freeIndex(): number | undefined {
    for (let index = 1; index < MAX_LANES; index += 1) if (this.at(index) === undefined) return index;
    return undefined;
  }

  add(lane: Lane): void {
    this.lanes = [...this.lanes, lane].toSorted((a, b) => a.index - b.index);
    lane.channelsGiven = 0;
  }

  /** @returns false when it was not there. */
  remove(lane: Lane): boolean {
    if (!this.lanes.includes(lane)) return false;
    this.past = { sent: this.past.sent + lane.bytesSent, received: this.past.received + lane.bytesReceived };
    this.lanes = this.lanes.filter((other) => other !== lane);
    return true;
  }

  clear(): void {
    for (const lane of this.lanes) this.remove(lane);
  }

  /** The lane of a channel's DATA; a channel stays on its lane. */
  laneOf(channel: Channel): Lane | undefined {
    channel.lane ??= this.pick(channel);
    return channel.lane;
  }

  /** The one that has been given the fewest channels. */
  private pick(channel: Channel): Lane | undefined {
    const [control, ...others] = this.lanes;
    if (channel.class === 'control') return control;
    let best = others[0] ?? control;
    for (const lane of others) if (best === undefined || lane.channelsGiven < best.channelsGiven) best = lane;
    if (best !== undefined) best.channelsGiven += 1;
    return best;
  }
}
