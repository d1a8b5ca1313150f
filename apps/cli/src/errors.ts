/** What the process ends with; from 64 on the meanings of sysexits.h. */
export const EXIT = {
  ok: 0,
  usage: 64,
  data: 65,
  noInput: 66,
  unavailable: 69,
  failure: 70,
  cannotCreate: 73,
  notConfirmed: 77,
  configuration: 78,
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Every code that this program itself raises, and what the process ends with. */
export const CLI_ERRORS = {
  'backup-exists': EXIT.cannotCreate,
  'backup-unwritable': EXIT.cannotCreate,
  'backup-missing': EXIT.noInput,
  'backup-foreign': EXIT.data,
  'backup-damaged': EXIT.data,
  'backup-wrong-key': EXIT.notConfirmed,
  'key-missing': EXIT.usage,
  'key-unreadable': EXIT.noInput,
  'deployment-unknown': EXIT.noInput,
  'folder-in-use': EXIT.cannotCreate,
  'journal-missing': EXIT.noInput,
  'journal-damaged': EXIT.data,
  'journal-foreign': EXIT.data,
  'not-confirmed': EXIT.notConfirmed,
  'database-unknown': EXIT.configuration,
  'database-unavailable': EXIT.unavailable,
  interrupted: EXIT.interrupted,
} as const satisfies Record<string, ExitCode>;
export type CliErrorCode = keyof typeof CLI_ERRORS;

/** `advice` is what the reader can do about it. */
export class CliError extends Error {
  override readonly name = 'CliError';

  constructor(
    readonly code: CliErrorCode,
    message: string,
    readonly advice?: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }

  get exitCode(): ExitCode {
    return CLI_ERRORS[this.code];
  }
}
