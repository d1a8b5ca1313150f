import type { AgentViewRow, TunnelRow } from '@app/persistence';
import type { FederationRole, SiteCondition } from '@app/contracts';
import type { CameraSummary, Uplink } from './diagnosis.dto.js';
import type { Hop } from './hops.js';
import { VERDICT_CODES, VERDICTS, type VerdictCode, verdictOfReason } from './verdict-codes.js';

/** What is known of a site when it is judged. */
export interface SiteFacts {
  /** It has an agent, or a keyfile that may make one. */
  hasIdentity: boolean;
  /** The newest. */
  agent: Pick<AgentViewRow, 'state' | 'certificateExpired'> | undefined;
  tunnel: Pick<TunnelRow, 'state' | 'closeReason' | 'clockSkewMs'> | undefined;
  /** Some role reaches the site without a tunnel, and none by one. */
  isDirect: boolean;
  /** Null: federation does not answer. */
  roles: readonly Pick<FederationRole, 'name' | 'enabled' | 'state' | 'stateReason' | 'clockSkewMs'>[] | null;
  /** Within an hour. */
  recentOutages: number;
  condition: SiteCondition | null;
  uplink: Pick<Uplink, 'limitBitsPerSecond' | 'capacityBitsPerSecond' | 'videoBitsPerSecond'>;
  slowHop: Hop | null;
  cameras: Pick<CameraSummary, 'offline' | 'unknown'>;
  failingStreams: number;
}

export interface Finding {
  code: VerdictCode;
  detail: string;
}

const MAX_SKEW_MS = 10_000;
const FLAPPING_OUTAGES = 3;
const LEAST_FREE_BYTES = 200 * 1024 * 1024;
/** Of what the uplink carries: beyond it pictures are left out. */
const FULL = 0.95;

/** All that is wrong, the worst first; `ok` alone when nothing is. A site without its tunnel has no other worry. */
export const findingsOf = (facts: SiteFacts): Finding[] => {
  const cutOff = facts.isDirect ? undefined : cutOffBy(facts);
  const found = cutOff ? [cutOff] : [...tunnelFindings(facts), ...roleFindings(facts), ...siteFindings(facts)];
  if (found.length === 0) return [{ code: 'ok', detail: 'the tunnel is up and the roles are connected' }];
  return found.toSorted((one, other) => VERDICT_CODES.indexOf(one.code) - VERDICT_CODES.indexOf(other.code));
};

export const verdictOf = ([first]: readonly Finding[]): Finding & { state: string; advice: string } => {
  const { code, detail } = first ?? { code: 'ok', detail: '' };
  return { code, detail, ...VERDICTS[code] };
};

const cutOffBy = ({ hasIdentity, agent, tunnel }: SiteFacts): Finding | undefined => {
  if (tunnel?.state === 'up' || tunnel?.state === 'stale') return undefined;
  if (agent?.state === 'locked') return { code: 'agent-locked', detail: 'the agent is locked' };
  if (agent?.state === 'revoked' && !hasIdentity) return { code: 'agent-revoked', detail: 'the agent was revoked' };
  if (agent?.certificateExpired === true) {
    return { code: 'certificate-expired', detail: 'the certificate of the agent is over' };
  }
  if (tunnel) {
    const reason = tunnel.closeReason ?? 'unknown';
    return { code: verdictOfReason(reason), detail: `the tunnel ended with ${reason}` };
  }
  if (!hasIdentity) return { code: 'no-keyfile', detail: 'the site has neither an agent nor an open keyfile' };
  return { code: 'waiting-for-agent', detail: 'the agent of the site has never connected' };
};

const tunnelFindings = ({ tunnel, recentOutages, isDirect, slowHop }: SiteFacts): Finding[] => {
  const found: Finding[] = [];
  if (slowHop) {
    const { name, ms, expectedMs } = slowHop;
    found.push({ code: 'slow-hop', detail: `${name} takes ${Math.round(ms ?? 0)} ms, ${expectedMs} ms are expected` });
  }
  if (isDirect) return found;
  if (tunnel?.state === 'stale') found.push({ code: 'tunnel-silent', detail: 'nothing was heard for 15 s' });
  if (recentOutages >= FLAPPING_OUTAGES) {
    found.push({ code: 'flapping', detail: `${recentOutages} outages within an hour` });
  }
  return found;
};

const ROLE_CODES: Readonly<Record<FederationRole['state'], VerdictCode | undefined>> = {
  unconfigured: 'role-unconfigured',
  connecting: 'role-starting',
  synchronizing: 'role-starting',
  connected: undefined,
  'invalid-credentials': 'role-credentials',
  'connection-failed': 'role-failed',
  warning: 'role-interrupted',
  disabled: 'role-disabled',
};

/** Each kind of failure once, with the first role that has it. Disabled roles count only where no other is. */
const roleFindings = ({ roles, tunnel }: SiteFacts): Finding[] => {
  if (roles === null) return [{ code: 'federation-silent', detail: 'the federation app does not answer' }];
  if (roles.length === 0) return [{ code: 'role-missing', detail: 'the site has no federation role' }];
  const wanted = roles.filter(({ enabled, state }) => enabled || state === 'unconfigured');
  if (wanted.length === 0) return [{ code: 'role-disabled', detail: 'every role of the site is disabled' }];
  const found = new Map<VerdictCode, Finding>();
  for (const { name, state, stateReason } of wanted) {
    const code = ROLE_CODES[state];
    if (code && !found.has(code)) found.set(code, { code, detail: `${name}: ${stateReason ?? state}` });
  }
  const skews = [tunnel?.clockSkewMs, ...wanted.map(({ clockSkewMs }) => clockSkewMs)];
  const skew = skews.find((ms) => ms !== null && ms !== undefined && Math.abs(ms) > MAX_SKEW_MS);
  return [...found.values(), ...(skew ? [clockOff(skew)] : [])];
};

const clockOff = (skewMs: number): Finding => ({
  code: 'clock-off',
  detail: `the clock of the site is ${Math.round(Math.abs(skewMs) / 1_000)} s ${skewMs > 0 ? 'ahead' : 'behind'}`,
});

const siteFindings = ({ condition, uplink, cameras, failingStreams }: SiteFacts): Finding[] => {
  const found: Finding[] = [];
  const { limitBitsPerSecond, capacityBitsPerSecond, videoBitsPerSecond } = uplink;
  const carries = Math.min(limitBitsPerSecond ?? Infinity, capacityBitsPerSecond ?? Infinity);
  if (videoBitsPerSecond > 0 && videoBitsPerSecond >= carries * FULL) {
    found.push({ code: 'uplink-full', detail: `video takes ${mbit(videoBitsPerSecond)} of ${mbit(carries)}` });
  }
  if (condition?.freeBytes !== null && condition !== null && condition.freeBytes < LEAST_FREE_BYTES) {
    found.push({ code: 'disk-full', detail: `${Math.floor(condition.freeBytes / 1_048_576)} MiB are free` });
  }
  const troubled = cameras.offline + cameras.unknown;
  if (troubled > 0) found.push({ code: 'cameras-failing', detail: `${troubled} cameras are not online` });
  if (failingStreams > 0) found.push({ code: 'streams-failing', detail: `${failingStreams} streams do not come` });
  return found;
};

const mbit = (bitsPerSecond: number): string => `${(bitsPerSecond / 1e6).toFixed(1)} Mbit/s`;
