/** What the process ends with; listed for operators in docs/agent.md. From 64 on the meanings of sysexits.h. */
export const EXIT = {
  ok: 0,
  /** The command worked and its answer is no: a check failed, the tunnel is down, a camera does not play. */
  negative: 1,
  usage: 64,
  keyfile: 65,
  noInput: 66,
  unavailable: 69,
  failure: 70,
  state: 73,
  portInUse: 75,
  refused: 76,
  notConfirmed: 77,
  configuration: 78,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Every code that the agent itself raises, and what the process ends with when it goes that far. */
export const AGENT_ERRORS = {
  'keyfile-missing': EXIT.noInput,
  'keyfile-unreadable': EXIT.noInput,
  'keyfile-open-to-others': EXIT.notConfirmed,
  'passphrase-missing': EXIT.noInput,
  'passphrase-unreadable': EXIT.noInput,
  'not-confirmed': EXIT.notConfirmed,
  'fingerprint-mismatch': EXIT.notConfirmed,

  'identity-missing': EXIT.noInput,
  'identity-exists': EXIT.state,
  'state-missing': EXIT.noInput,
  'state-locked': EXIT.state,
  'state-not-a-volume': EXIT.state,
  'state-unwritable': EXIT.state,
  'state-damaged': EXIT.state,

  'proxy-unreachable': EXIT.unavailable,
  'proxy-auth-required': EXIT.unavailable,
  'proxy-refused': EXIT.unavailable,
  'name-unknown': EXIT.unavailable,
  'connection-refused': EXIT.unavailable,
  'connection-timeout': EXIT.unavailable,
  'network-unreachable': EXIT.unavailable,
  'connection-failed': EXIT.unavailable,
  'tls-untrusted': EXIT.unavailable,
  'tls-wrong-name': EXIT.unavailable,
  'tls-not-yet-valid': EXIT.unavailable,
  'tls-expired': EXIT.unavailable,
  'tls-failed': EXIT.unavailable,
  'certificate-refused': EXIT.refused,
  'certificate-over': EXIT.refused,

  'enrolment-interrupted': EXIT.unavailable,
  'enrolment-answer-invalid': EXIT.unavailable,
  'enrolment-refused': EXIT.refused,
  'control-failed': EXIT.unavailable,
  'control-refused': EXIT.refused,
  'renewal-answer-invalid': EXIT.unavailable,
  'agent-not-running': EXIT.unavailable,

  'user-invalid': EXIT.usage,
  'user-unknown': EXIT.usage,
  'camera-invalid': EXIT.usage,
  'camera-password-missing': EXIT.noInput,
  'service-invalid': EXIT.configuration,
  'support-file-exists': EXIT.state,
  'support-file-unwritable': EXIT.state,
} as const satisfies Record<string, ExitCode>;
export type AgentErrorCode = keyof typeof AGENT_ERRORS;

/** An expected failure. `message` says what is wrong, `advice` what the reader should do; neither holds a secret. */
export class AgentError extends Error {
  override readonly name = 'AgentError';

  constructor(
    readonly code: AgentErrorCode,
    message: string,
    readonly advice?: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  get exitCode(): ExitCode {
    return AGENT_ERRORS[this.code];
  }
}

/** The server said no to a keyfile; `reason` is the server's own stable code, e.g. `enrolment-used`. */
export class EnrolmentRefusedError extends AgentError {
  constructor(
    readonly reason: string,
    message: string,
    advice: string,
    /** Whether the same request may succeed later. */
    readonly retryable: boolean,
    readonly retryAfterMs?: number,
  ) {
    super('enrolment-refused', message, advice);
  }
}

/** The broker, or the issuer behind it, said no inside a tunnel; `reason` is the server's own stable code. */
export class ControlRefusedError extends AgentError {
  constructor(
    readonly reason: string,
    message: string,
    readonly retryAfterMs?: number,
  ) {
    super('control-refused', message);
  }
}

export const errnoOf = (error: unknown): string | undefined =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;
