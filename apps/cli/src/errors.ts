/** What the process ends with; explained in docs/cli.md. From 64 on the meanings of sysexits.h, as adit-agent has them. */
export const EXIT = {
  ok: 0,
  /** The server said no, or what was looked at is not in order. */
  refused: 1,
  usage: 64,
  data: 65,
  noInput: 66,
  unavailable: 69,
  failure: 70,
  cannotCreate: 73,
  /** Not signed in, not confirmed, or the wrong key. */
  notPermitted: 77,
  configuration: 78,
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Every code that this program itself raises, and what the process ends with. */
export const CLI_ERRORS = {
  'wrong-usage': EXIT.usage,
  'not-signed-in': EXIT.notPermitted,
  'not-confirmed': EXIT.notPermitted,
  'server-unreachable': EXIT.unavailable,
  'server-untrusted': EXIT.unavailable,
  'server-too-slow': EXIT.unavailable,
  'server-not-adit': EXIT.unavailable,
  'url-insecure': EXIT.configuration,
  'context-unknown': EXIT.configuration,
  'context-damaged': EXIT.configuration,
  'open-to-others': EXIT.configuration,
  'environment-invalid': EXIT.configuration,
  'file-unreadable': EXIT.noInput,
  'file-exists': EXIT.cannotCreate,
  'file-unwritable': EXIT.cannotCreate,
  'site-unknown': EXIT.refused,
  'camera-unknown': EXIT.refused,
  'entity-unknown': EXIT.refused,
  'role-unknown': EXIT.refused,
  'role-without-contact': EXIT.refused,
  'operator-unknown': EXIT.refused,
  'name-ambiguous': EXIT.refused,
  'answer-lost': EXIT.refused,
  'download-broken': EXIT.unavailable,
  'audit-broken': EXIT.refused,
  'onboarding-invalid': EXIT.refused,

  'backup-exists': EXIT.cannotCreate,
  'backup-unwritable': EXIT.cannotCreate,
  'backup-missing': EXIT.noInput,
  'backup-foreign': EXIT.data,
  'backup-damaged': EXIT.data,
  'backup-wrong-key': EXIT.notPermitted,
  'key-missing': EXIT.usage,
  'key-unreadable': EXIT.noInput,
  'deployment-unknown': EXIT.noInput,
  'folder-in-use': EXIT.cannotCreate,
  'journal-missing': EXIT.noInput,
  'journal-damaged': EXIT.data,
  'journal-foreign': EXIT.data,
  'database-unknown': EXIT.configuration,
  'database-unavailable': EXIT.unavailable,
  'database-not-empty': EXIT.cannotCreate,
  'backup-newer': EXIT.cannotCreate,
  'schema-missing': EXIT.cannotCreate,
  'backup-mismatch': EXIT.cannotCreate,
  interrupted: EXIT.interrupted,
} as const satisfies Record<string, ExitCode>;
export type CliErrorCode = keyof typeof CLI_ERRORS;

/** An expected failure. `message` says what is wrong, `advice` what the reader does next; neither holds a secret. */
export class CliError extends Error {
  override readonly name = 'CliError';

  constructor(
    readonly code: CliErrorCode,
    message: string,
    readonly advice?: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  get exitCode(): ExitCode {
    return CLI_ERRORS[this.code];
  }
}

export const errnoOf = (error: unknown): string | undefined =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;
