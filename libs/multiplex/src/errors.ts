/** Codes by which a session ends (SPEC.md section 7.1). Applications may add their own kebab-case codes, e.g. `superseded`. */
export const SESSION_CODES = [
  'normal',
  'drained',
  'drain-deadline',
  'handshake-timeout',
  'version-mismatch',
  'not-implemented',
  'admission-failed',
  'unexpected-frame',
  'unknown-frame',
  'frame-too-large',
  'bad-flags',
  'bad-field',
  'bad-channel-id',
  'bad-offset',
  'credit-violation',
  'beyond-final-offset',
  'control-overflow',
  'peer-silent',
  'transport-closed',
  'transport-error',
  'resume-refused',
  'joined',
  'internal-error',
] as const;
export type SessionCode = (typeof SESSION_CODES)[number];

/** Codes by which an OPEN fails (SPEC.md section 7.2). */
export const OPEN_CODES = [
  'unknown-service',
  'not-allowed',
  'dial-failed',
  'dial-timeout',
  'over-capacity',
  'draining',
  'open-timeout',
  'session-lost',
  'not-open',
  'suspended',
  'ids-exhausted',
  'internal-error',
] as const;
export type OpenCode = (typeof OPEN_CODES)[number];

/** Codes by which an open channel is cut (SPEC.md section 7.3). */
export const RESET_CODES = [
  'cancelled',
  'socket-error',
  'socket-closed',
  'send-overflow',
  'session-lost',
  'internal-error',
] as const;
export type ResetCode = (typeof RESET_CODES)[number];

/** The session is over, or never began. `code` is one of SESSION_CODES or the application's own. */
export class SessionError extends Error {
  constructor(
    readonly code: string,
    readonly detail?: string,
  ) {
    super(detail === undefined ? code : `${code}: ${detail}`);
    this.name = 'SessionError';
  }
}

/** The peer answered HELLO with CLOSE. */
export class SessionRefusedError extends SessionError {
  constructor(
    code: string,
    detail?: string,
    readonly retryAfterMs?: number,
  ) {
    super(code, detail);
    this.name = 'SessionRefusedError';
  }
}

/** A channel could not be opened; the session is unharmed unless the code is `session-lost`. */
export class OpenRefusedError extends Error {
  constructor(
    readonly code: string,
    readonly detail?: string,
  ) {
    super(detail === undefined ? code : `${code}: ${detail}`);
    this.name = 'OpenRefusedError';
  }

  /** True when the peer never handled the OPEN, so it is safe to repeat it on another session. */
  get retryable(): boolean {
    return ['draining', 'not-open', 'suspended', 'ids-exhausted'].includes(this.code);
  }
}

/** What a Duplex over a channel is destroyed with when the channel is reset. */
export class ChannelResetError extends Error {
  constructor(readonly code: string) {
    super(`channel reset: ${code}`);
    this.name = 'ChannelResetError';
  }
}
