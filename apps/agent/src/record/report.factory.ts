import type { AppLogger } from '@app/runtime';
import { askBroker } from '../control/control.client.js';
import type { StateDirectory } from '../state/state-directory.js';
import type { TunnelClient } from '../tunnel/tunnel.client.js';
import type { UplinkKeeper } from '../uplink/uplink.keeper.js';
import { AGENT_VERSION } from '../version.js';
import type { ConnectionRecord } from './connection.record.js';
import { ReportKeeper } from './report.keeper.js';
import { conditionOf, freeBytesAt } from './site-condition.js';
import type { UplinkMeter } from './uplink-meter.js';

export interface ReportOptions {
  record: ConnectionRecord;
  tunnel: TunnelClient;
  state: StateDirectory;
  uplink: UplinkKeeper;
  meter: UplinkMeter;
  startedAt: string;
  logger: AppLogger;
}

/** The reports of a running site, which follow its tunnel. */
export const createReports = ({
  record,
  tunnel,
  state,
  uplink,
  meter,
  startedAt,
  logger,
}: ReportOptions): ReportKeeper => {
  const keeper = new ReportKeeper({
    record,
    established: () => tunnel.established,
    ask: ({ session }, report) => askBroker(session, report),
    condition: async ({ session, clockSkewMs }) =>
      conditionOf({
        agentVersion: AGENT_VERSION,
        startedAt,
        clockSkewMs,
        limitBitsPerSecond: uplink.limit.bitsPerSecond,
        capacityBitsPerSecond: meter.bitsPerSecond,
        roundTripMs: session.rttMs,
        freeBytes: await freeBytesAt(state.path),
      }),
    logger,
  });
  tunnel.on('up', () => keeper.connected());
  return keeper;
};
