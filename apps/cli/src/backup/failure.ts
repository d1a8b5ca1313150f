import { BackupDatabaseError } from '@app/persistence';
import { CliError } from '../errors.js';

const ADVICE: Partial<Record<BackupDatabaseError['code'], string>> = {
  'database-not-empty': 'Restore into an empty database, or give this one up with --replace',
  'backup-newer': 'Restore with the version that took the backup, or a later one',
  'schema-missing': 'Name the database of the deployment in ADIT_OWNER_DATABASE_URL',
};

const DATABASE_AWAY = /^(?:ECONN|ETIMEDOUT|ENOTFOUND|EAI_|28|3D|57P)/;

/** What a backup or a restore ended with, in the words of this program. @param signal aborted by Ctrl-C */
export const backupFailure = (error: unknown, signal: AbortSignal): unknown => {
  if (signal.aborted) return new CliError('interrupted', 'nothing was changed', undefined, { cause: error });
  if (error instanceof BackupDatabaseError) {
    return new CliError(error.code, error.message, ADVICE[error.code], { cause: error });
  }
  const away = error instanceof Error && 'code' in error && DATABASE_AWAY.test(String(error.code));
  return away ? new CliError('database-unavailable', error.message, undefined, { cause: error }) : error;
};
