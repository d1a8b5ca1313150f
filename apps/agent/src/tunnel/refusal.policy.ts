const MINUTE_MS = 60_000;

export interface RefusalPolicy {
  /** Shortest wait before the next attempt. */
  waitMs: number;
  advice: string;
}

const REVOKED = "This site's identity was revoked: ask the operator of the cloud for a replacement keyfile";
const EXPIRED =
  "This site's certificate is over: ask the operator of the cloud to approve its return, and give the keyfile to `adit-agent enrol`";
const SUPERSEDED =
  'A newer certificate of this site is in use: this is an older copy of its state, and the cloud locks the site. Stop the copy, then ask the operator to unlock it';
const UNKNOWN = 'The cloud does not know this identity: ask its operator, who may issue a replacement keyfile';

/** Ends of a session that another attempt in a few seconds would not change, by the broker's code. */
export const REFUSAL_POLICIES: Readonly<Record<string, RefusalPolicy>> = {
  'certificate-revoked': { waitMs: 10 * MINUTE_MS, advice: REVOKED },
  'agent-revoked': { waitMs: 10 * MINUTE_MS, advice: REVOKED },
  'agent-locked': { waitMs: 5 * MINUTE_MS, advice: 'The cloud has locked this identity: ask its operator why' },
  'certificate-expired': { waitMs: 10 * MINUTE_MS, advice: EXPIRED },
  'certificate-superseded': { waitMs: 10 * MINUTE_MS, advice: SUPERSEDED },
  'certificate-unknown': { waitMs: MINUTE_MS, advice: UNKNOWN },
  'recovery-pending': {
    waitMs: 15_000,
    advice: 'The cloud was restored from a backup: its operator has to approve this site (docs/backup.md)',
  },
  'certificate-wrong-role': { waitMs: 10 * MINUTE_MS, advice: UNKNOWN },
  superseded: {
    waitMs: MINUTE_MS,
    advice: 'Another agent with the same identity has connected: stop the copy, or ask for a replacement keyfile',
  },
  'version-mismatch': {
    waitMs: 5 * MINUTE_MS,
    advice: 'Agent and cloud speak different versions of the protocol: update the agent',
  },
};
