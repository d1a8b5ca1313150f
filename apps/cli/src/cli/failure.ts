import { BackupDatabaseError } from '@app/persistence';
import { CliError, EXIT, type ExitCode } from '../errors.js';

export interface Failure {
  exitCode: ExitCode;
  /** `code: message`, then the advice on a line of its own. */
  text: string;
}

const ADVICE: Partial<Record<string, string>> = {
  'database-not-empty': 'Restore into an empty database, or give this one up with --replace',
  'backup-newer': 'Restore with the version that took the backup, or a later one',
  'schema-missing': 'Name the database of the deployment in ADIT_OWNER_DATABASE_URL',
};

/** What a person and the calling process get to know of an error. */
export const describeFailure = (error: unknown, signal: AbortSignal): Failure => {
  if (signal.aborted) return { exitCode: EXIT.interrupted, text: 'interrupted: nothing was changed' };
  if (error instanceof CliError) return told(error.exitCode, error.code, error.message, error.advice);
  if (error instanceof BackupDatabaseError)
    return told(EXIT.cannotCreate, error.code, error.message, ADVICE[error.code]);
  if (isDatabaseAway(error)) return told(EXIT.unavailable, 'database-unavailable', error.message);
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return told(EXIT.failure, 'internal', stack);
};

const isDatabaseAway = (error: unknown): error is Error =>
  error instanceof Error && 'code' in error && /^(?:ECONN|ETIMEDOUT|ENOTFOUND|EAI_|28|3D|57P)/.test(String(error.code));

const told = (exitCode: ExitCode, code: string, message: string, advice?: string): Failure => ({
  exitCode,
  text: `${code}: ${message}${advice === undefined ? '' : `\n${advice}`}`,
});
