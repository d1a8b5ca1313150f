import { FRAME } from './frame.js';
import type { Lane } from './lane.js';
import type { LaneSet } from './lane-set.js';

/** Bytes received on a lane that are worth a LANE_ACK at once. */
const LANE_ACK_BYTES = 65_536;
/** The same for frames that are not worth one by themselves; well below the least window of the peer's pacer. */
const UNWORTHY_BYTES = 8_192;
/** Frames that call for no LANE_ACK: it would be answered by another one for ever. */
const NOT_WORTH_ACK = new Set<number>([FRAME.LANE_ACK, FRAME.ACK, FRAME.MAX_DATA, FRAME.PING, FRAME.PONG]);

/** When the peer is told what has arrived on its lanes: every 64 KiB, and before long after the last byte. */
export class LaneAcks {
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly lanes: LaneSet,
    private readonly delayMs: number,
  ) {}

  noteFrame(lane: Lane, type: number): void {
    if (!NOT_WORTH_ACK.has(type)) lane.ackWorth = true;
  }

  noteBytes(lane: Lane): void {
    if (!lane.acknowledged) return;
    const untold = lane.bytesReceived - lane.toldBytes;
    if (untold >= (lane.ackWorth ? LANE_ACK_BYTES : UNWORTHY_BYTES)) lane.ackDue();
    if (!lane.ackWorth) return;
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      for (const each of this.lanes.all) if (each.ackWorth) each.ackDue();
    }, this.delayMs).unref();
  }

  stop(): void {
    clearTimeout(this.timer);
  }
}
