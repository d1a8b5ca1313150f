/** How a site is, the worst first. */
export const SITE_STATES = ['down', 'never-connected', 'degraded', 'up'] as const;
export type SiteState = (typeof SITE_STATES)[number];

interface Meaning {
  readonly state: SiteState;
  readonly advice: string;
}

const DIAG = 'run `adit-agent diag` on the site';

/** What can be said of a site, the worst first. The codes are for good; docs/diagnosis.md has them all. */
export const VERDICTS = {
  'agent-locked': { state: 'down', advice: 'find the copy of its state, stop it, then unlock the agent or revoke it' },
  'agent-revoked': { state: 'down', advice: 'issue a keyfile and enrol the site again' },
  'certificate-expired': { state: 'down', advice: 'approve the return of the agent (adit agent approve-return)' },
  superseded: { state: 'down', advice: 'two machines run with one identity: stop one of them' },
  'agent-stopped': { state: 'down', advice: 'start the agent on the site' },
  'ended-by-operator': { state: 'down', advice: `the agent should be back by itself; if it is not, ${DIAG}` },
  'broker-gone': { state: 'down', advice: `see whether a broker serves (GET /brokers); then ${DIAG}` },
  'line-lost': { state: 'down', advice: `see whether the site has power and its way to the internet; there, ${DIAG}` },
  'tunnel-ended': { state: 'down', advice: `look the reason up in docs/errors.md; ${DIAG}` },
  'no-keyfile': {
    state: 'never-connected',
    advice: 'issue a keyfile (adit keyfile issue) and enrol the agent with it',
  },
  'waiting-for-agent': {
    state: 'never-connected',
    advice: 'start the agent with its keyfile; there, `adit-agent check`',
  },
  'tunnel-silent': { state: 'degraded', advice: 'wait half a minute: the session comes back, or is down then' },
  'federation-silent': { state: 'degraded', advice: 'see the log and /health/ready of the federation app' },
  'role-missing': { state: 'degraded', advice: 'make a federation role for the site' },
  'role-disabled': { state: 'degraded', advice: 'enable a federation role of the site: `adit role activate`' },
  'role-unconfigured': {
    state: 'degraded',
    advice: 'give the role what its reason names; an account: `adit role activate`',
  },
  'role-credentials': {
    state: 'degraded',
    advice:
      'give the role the right account (`adit role activate`); on the site `adit-agent user password` makes another password',
  },
  'role-failed': {
    state: 'degraded',
    advice: 'look the reason up in docs/errors.md; on the site, see the agent’s log',
  },
  'role-interrupted': { state: 'degraded', advice: 'wait: the role is resilient; its time until it fails is running' },
  'role-starting': { state: 'degraded', advice: 'wait some seconds; if it lasts, see the log of the federation app' },
  'clock-off': { state: 'degraded', advice: 'let the machine on the site keep its time by NTP' },
  flapping: { state: 'degraded', advice: 'compare both ends in `outages`; see the line of the site' },
  'uplink-full': { state: 'degraded', advice: 'let viewers take smaller pictures, or give the uplink more' },
  'slow-hop': { state: 'degraded', advice: 'see `hops`: which part of the way is slow' },
  'disk-full': { state: 'degraded', advice: 'make room where the agent keeps its state' },
  'cameras-failing': { state: 'degraded', advice: 'see `cameras`: each has its reason' },
  'streams-failing': { state: 'degraded', advice: 'see `cameras.streams`: each has its reason' },
  ok: { state: 'up', advice: 'nothing to do' },
} as const satisfies Record<string, Meaning>;

export type VerdictCode = keyof typeof VERDICTS;
export const VERDICT_CODES = Object.keys(VERDICTS) as VerdictCode[];

/** Why a tunnel ended, in the words of docs/errors.md, and what that makes of the site. */
const BY_REASON: Readonly<Record<string, VerdictCode>> = {
  'agent-locked': 'agent-locked',
  'agent-revoked': 'agent-revoked',
  'certificate-revoked': 'agent-revoked',
  'certificate-expired': 'certificate-expired',
  'certificate-superseded': 'agent-locked',
  superseded: 'superseded',
  'agent-stopped': 'agent-stopped',
  normal: 'agent-stopped',
  operator: 'ended-by-operator',
  'broker-lost': 'broker-gone',
  'broker-stopped': 'broker-gone',
  drained: 'broker-gone',
  'drain-deadline': 'broker-gone',
  'database-restored': 'broker-gone',
  'peer-silent': 'line-lost',
  'transport-closed': 'line-lost',
  'transport-error': 'line-lost',
  'session-lost': 'line-lost',
  'resume-refused': 'line-lost',
};

export const verdictOfReason = (reason: string): VerdictCode => BY_REASON[reason] ?? 'tunnel-ended';
