import type { RoleState } from '@app/contracts';

/** What happens to a role. */
export type RoleEvent =
  /** Something is missing: address, account or pin. */
  | 'unconfigured'
  | 'disabled'
  /** Complete and enabled, or changed: begin. */
  | 'started'
  /** The site accepted the account. */
  | 'opened'
  /** The host has what the site has. */
  | 'synchronized'
  /** The site refused the account. */
  | 'refused'
  /** Contact was lost or not made. */
  | 'failed'
  /** Contact of a resilient role was lost; its time runs. */
  | 'suspended';

type Moves = Partial<Record<RoleEvent, RoleState>>;

const SET: Moves = { unconfigured: 'unconfigured', disabled: 'disabled', started: 'connecting' };
const TRYING: Moves = { ...SET, opened: 'synchronizing', refused: 'invalid-credentials', failed: 'connection-failed' };

/** All moves; whatever is not here is a mistake of this app. */
export const ROLE_MOVES: Readonly<Record<RoleState, Moves>> = {
  unconfigured: SET,
  disabled: SET,
  connecting: TRYING,
  'connection-failed': TRYING,
  'invalid-credentials': TRYING,
  synchronizing: { ...SET, synchronized: 'connected', refused: 'invalid-credentials', failed: 'connection-failed' },
  connected: { ...SET, refused: 'invalid-credentials', failed: 'connection-failed', suspended: 'warning' },
  // The entities stay as they were until the time is over, so a new contact does not pass through `synchronizing`.
  warning: {
    ...SET,
    opened: 'warning',
    synchronized: 'connected',
    refused: 'invalid-credentials',
    failed: 'connection-failed',
    suspended: 'warning',
  },
};

export const nextRoleState = (state: RoleState, event: RoleEvent): RoleState => {
  const next = ROLE_MOVES[state][event];
  if (next === undefined) throw new Error(`a role cannot be ${event} while it is ${state}`);
  return next;
};

export interface RoleSettings {
  directoryAddress: string | null;
  username: string | null;
  hasPassword: boolean;
  tlsPin: string | null;
  enabled: boolean;
}

/** Members that a role still needs before it can connect. A directly reached site needs its pin, a tunnelled one has it from the enrolment. */
export const missingSettings = (role: RoleSettings, isTunnelled: (address: string) => boolean): string[] => {
  const missing: string[] = [];
  if (role.directoryAddress === null) missing.push('directoryAddress');
  if (role.username === null) missing.push('username');
  if (!role.hasPassword) missing.push('password');
  if (role.directoryAddress !== null && role.tlsPin === null && !isTunnelled(role.directoryAddress))
    missing.push('tlsPin');
  return missing;
};
