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
  return {
    bytesSent: lanes.bytesSent,
    bytesReceived: lanes.bytesReceived,
    framesSent: sender.frames,
    channelsOpened: table.opened,
    channelsAccepted: table.accepted,
    channelsRefused: table.refused,
    bytesResent: table.resentBytes,
    lanes: lanes.size,
    ...tally,
  };
}
