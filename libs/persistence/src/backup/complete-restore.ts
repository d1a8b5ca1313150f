import type { ClientBase } from 'pg';
import { DEFAULT_TENANT_ID } from '../migrations/first-schema/tenancy.js';
import { mergeJournal, type MergedJournal } from './merge-journal.js';
import type { JournalContent } from '../journal/journal-reader.js';

export interface RestoredBackup {
  takenAt: Date;
  /** Undefined: there is none that can be trusted. */
  journal: JournalContent | undefined;
}

export interface Afterwards {
  recoveryId: string;
  /** Undefined: agents that are not on record wait for an operator. */
  journal: MergedJournal | undefined;
  /** Keyfiles that could be redeemed and are revoked, since nobody knows whether they were. */
  revokedKeyfiles: number;
}

/** What was given out before the restore and may have been taken back after the backup. Each ends, where the table is there. */
const ENDED_BY_A_RESTORE: Record<string, string> = {
  bearer_token: 'UPDATE bearer_token SET revoked_at = now() WHERE revoked_at IS NULL',
  api_token: 'UPDATE api_token SET revoked_at = now() WHERE revoked_at IS NULL',
  view_ticket: 'UPDATE view_ticket SET revoked_at = now() WHERE revoked_at IS NULL AND expires_at > now()',
  stream_account: 'UPDATE stream_account SET secret = NULL, version = version + 1 WHERE secret IS NOT NULL',
};

/** Inside the restore's transaction, with today's schema. */
export async function completeRestore(client: ClientBase, { takenAt, journal }: RestoredBackup): Promise<Afterwards> {
  const mark = await client.query<{ id: string }>(
    'INSERT INTO recovery (backup_taken_at, journal) VALUES ($1, $2) RETURNING id',
    [takenAt, journal === undefined ? 'absent' : 'merged'],
  );
  const recoveryId = mark.rows[0]?.id ?? '';
  for (const [table, statement] of Object.entries(ENDED_BY_A_RESTORE)) {
    const there = await client.query('SELECT 1 WHERE to_regclass($1) IS NOT NULL', [`public.${table}`]);
    if (there.rowCount === 1) await client.query(statement);
  }
  const revokedKeyfiles = journal === undefined ? await revokeOpenKeyfiles(client) : 0;
  const merged = journal === undefined ? undefined : await mergeJournal(client, journal);
  const details = { backupTakenAt: takenAt.toISOString(), journal: merged ?? 'absent', revokedKeyfiles };
  await audit(client, { action: 'deployment.restored', subject: recoveryId, details });
  return { recoveryId, journal: merged, revokedKeyfiles };
}

/** A keyfile that was redeemed since would be good for a second one. Its agent, when it comes, is another matter. */
async function revokeOpenKeyfiles(client: ClientBase): Promise<number> {
  const { rowCount } = await client.query(
    `UPDATE enrol_token SET state = 'revoked', revoked_at = now() WHERE state IN ('issued', 'claimed')`,
  );
  return rowCount ?? 0;
}

async function audit(
  client: ClientBase,
  entry: { action: string; subject: string; details: Record<string, unknown> },
): Promise<void> {
  const details = JSON.stringify(entry.details);
  const values = [DEFAULT_TENANT_ID, 'system', entry.action, entry.subject, details];
  await client.query('SELECT audit_append($1, $2, $3, $4, $5)', values);
}
