import type { ChannelTable } from './channel-table.js';
import type { LaneSet } from './lane-set.js';
import type { Sender } from './sender.js';
import type { SessionStats } from './session-options.js';

export interface SessionTally {
  framesReceived: number;
  lanesLost: number;
  resumes: number;
}

export function statsOf(lanes: LaneSet, sender: Sender, table: ChannelTable, tally: SessionTally): SessionStats {
  const { classes } = table;
  return {
    bytesSent: lanes.bytesSent,
    bytesReceived: lanes.bytesReceived,
    framesSent: sender.frames,
    channelsOpened: table.opened,
    channelsAccepted: table.accepted,
    channelsRefused: table.refused,
    bytesResent: Object.values(classes).reduce((sum, { bytesResent }) => sum + bytesResent, 0),
    classes,
    lanes: lanes.size,
    capacityBytesPerSecond: sender.capacityBytesPerSecond,
    ...tally,
  };
}
