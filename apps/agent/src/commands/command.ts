import type { CommandOutcome, SiteCommand } from '../site/site-command.js';
import type { Right } from '../users/rights.js';

/** What a host may ask: what a connector is asked, and the lock, which the site keeps itself. */
export type Command = SiteCommand | { kind: 'ptz-lock'; locked: boolean };

/** Who asks: the account is the host's, proved; the user is the person behind it, as the host says. */
export interface Commander {
  account: string;
  user: string;
  /** 1 is the highest, 254 the lowest. */
  level: number;
}

export const LOWEST_LEVEL = 254;

export interface CommandRequest extends Commander {
  entityId: string;
  /** What the account may do. */
  allow: readonly Right[];
  command: Command;
}

export interface CommandReport {
  outcome: CommandOutcome;
  /** How long the device took; undefined when it was not asked. */
  deviceMs?: number;
}

const RIGHTS: Partial<Record<Command['kind'], Right>> = {
  'set-output': 'outputs',
  'set-recording': 'recording',
  'acknowledge-alarm': 'alarms',
};

export const rightFor = ({ kind }: Command): Right => RIGHTS[kind] ?? 'ptz';

/** A line of the site's own log. */
export interface CommandRecord extends Commander {
  entityId: string;
  command: string;
  /** `failed`: the device did not do it, or nobody knows. */
  outcome: CommandOutcome['outcome'] | 'failed';
  reason?: string;
}

/** Why there is no outcome. `command-expired`: it was not begun. `device-timeout`: whether it was done is not known. */
export class CommandFault extends Error {
  override readonly name = 'CommandFault';

  constructor(
    readonly code: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
