/** Why a database is not backed up or restored; nothing was changed. */
export const BACKUP_DATABASE_ERRORS = [
  'database-not-empty',
  'backup-newer',
  'schema-missing',
  'backup-mismatch',
] as const;
export type BackupDatabaseErrorCode = (typeof BACKUP_DATABASE_ERRORS)[number];

export class BackupDatabaseError extends Error {
  override readonly name = 'BackupDatabaseError';

  constructor(
    readonly code: BackupDatabaseErrorCode,
    message: string,
  ) {
    super(message);
  }
}
