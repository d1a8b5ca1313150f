import type { Finding } from '../check/finding.js';
import { readRecord } from '../record/index.js';
import type { StateDirectory } from '../state/state-directory.js';
import type { Status } from '../status/status.js';
import { readStatus } from '../status/status.file.js';
import { AGENT_VERSION } from '../version.js';
import { runningFindings } from './running.findings.js';
import { diskFinding } from './state.findings.js';
import { tellOutages, type ToldOutage } from './told-outage.js';

/** How a site is, as `adit-agent diag --json` prints it. */
export interface Diagnosis {
  /** Nothing failed; warnings may be there. */
  ok: boolean;
  at: string;
  agentVersion: string;
  running: boolean;
  /** As the running agent last wrote it. */
  tunnel: Status['tunnel'] | null;
  uplink: Status['uplink'] | null;
  findings: Finding[];
  /** Newest first. */
  outages: ToldOutage[];
}

/** @param checks network, identity and cameras, as `adit-agent check` looks at them */
export const diagnose = async (state: StateDirectory, checks: readonly Finding[]): Promise<Diagnosis> => {
  const nowMs = Date.now();
  const [seen, record, disk] = await Promise.all([
    readStatus(state, nowMs).catch(() => undefined),
    readRecord(state),
    diskFinding(state.path),
  ]);
  const findings = [...runningFindings(seen), ...checks, disk];
  return {
    ok: findings.every(({ level }) => level !== 'failure'),
    at: new Date(nowMs).toISOString(),
    agentVersion: AGENT_VERSION,
    running: seen?.alive ?? false,
    tunnel: seen?.alive === true ? seen.status.tunnel : null,
    uplink: seen?.alive === true ? (seen.status.uplink ?? null) : null,
    findings,
    outages: tellOutages(record.state, nowMs),
  };
};
