import type { ClientBase } from 'pg';
import type { JournalContent } from '../journal/journal-reader.js';

type Event = JournalContent['events'][number];
type Of<Kind extends Event['kind']> = Extract<Event, { kind: Kind }>;

/** What the journal has changed in a restored database. */
export interface MergedJournal {
  events: number;
  /** Agents that the backup had as good. */
  agentsRevoked: number;
  /** Agents that the backup does not know, and that stay out. */
  agentsDenied: number;
  keyfilesRevoked: number;
  keyfilesClaimed: number;
  inDoubt: number;
}

const SINCE_THE_BACKUP = 'revoked since the backup';

/** Does again what happened after the backup; what the backup holds already stays as it is. */
export async function mergeJournal(
  client: ClientBase,
  journal: Pick<JournalContent, 'events' | 'inDoubt'>,
): Promise<MergedJournal> {
  const merged: MergedJournal = {
    events: journal.events.length,
    agentsRevoked: 0,
    agentsDenied: 0,
    keyfilesRevoked: 0,
    keyfilesClaimed: 0,
    inDoubt: journal.inDoubt,
  };
  const revoked = journal.events.filter((event) => event.kind === 'agent-revoked');
  for (const event of revoked) await revoke(client, event, merged);
  const keyfiles = journal.events.filter((event) => event.kind === 'keyfile-revoked');
  for (const event of keyfiles) await revokeKeyfile(client, event, merged);
  const certificates = journal.events.filter((event) => event.kind === 'certificate-revoked');
  for (const event of certificates) await revokeCertificates(client, event);
  // A claim that was rolled back without a note may have been followed by another key's: the last one holds.
  const claims = new Map(
    journal.events.filter((event) => event.kind === 'keyfile-claimed').map((event) => [event.keyfileId, event]),
  );
  for (const event of claims.values()) await claim(client, event, merged);
  for (const event of journal.events) await lock(client, event);
  return merged;
}

async function revoke(client: ClientBase, event: Of<'agent-revoked'>, merged: MergedJournal): Promise<void> {
  const { tenantId, agentId, keyfileId, reason, at } = event;
  const known = await client.query<{ state: string }>('SELECT state FROM agent WHERE tenant_id = $1 AND id = $2', [
    tenantId,
    agentId,
  ]);
  merged.keyfilesRevoked += await count(
    client,
    `UPDATE enrol_token SET state = 'revoked', revoked_at = $3 WHERE tenant_id = $1 AND state <> 'revoked' AND (id = $2 OR agent_id = $4)`,
    [tenantId, keyfileId, at, agentId],
  );
  if (known.rowCount === 0) {
    const deny = `INSERT INTO recovery_denied (tenant_id, agent_id, kind, reason) VALUES ($1, $2, 'revoked', $3) ON CONFLICT DO NOTHING`;
    merged.agentsDenied += await count(client, deny, [tenantId, agentId, reason]);
    return;
  }
  const values = [tenantId, agentId, at];
  merged.agentsRevoked += await count(
    client,
    `UPDATE agent SET state = 'revoked', revoked_at = $3 WHERE tenant_id = $1 AND id = $2 AND state <> 'revoked'`,
    values,
  );
  await client.query(
    `WITH ended AS (UPDATE certificate SET state = 'revoked', revoked_at = $3
                     WHERE tenant_id = $1 AND agent_id = $2 AND state <> 'revoked' RETURNING serial)
     INSERT INTO revocation (tenant_id, agent_id, serial, reason) SELECT $1, $2, serial, $4 FROM ended`,
    [...values, reason === '' ? SINCE_THE_BACKUP : reason],
  );
}

async function revokeKeyfile(client: ClientBase, event: Of<'keyfile-revoked'>, merged: MergedJournal): Promise<void> {
  const { tenantId, keyfileId, at } = event;
  merged.keyfilesRevoked += await count(
    client,
    `UPDATE enrol_token SET state = 'revoked', revoked_at = $3 WHERE tenant_id = $1 AND id = $2 AND state <> 'revoked'`,
    [tenantId, keyfileId, at],
  );
  await revokeCertificates(client, event);
}

/** Of an agent that stays; one that is not on record is kept out by its serial. */
async function revokeCertificates(
  client: ClientBase,
  { tenantId, serials, reason, at }: Of<'keyfile-revoked' | 'certificate-revoked'>,
): Promise<void> {
  await client.query(
    'INSERT INTO recovery_denied_certificate (tenant_id, serial) SELECT $1, unnest($2::text[]) ON CONFLICT DO NOTHING',
    [tenantId, serials],
  );
  await client.query(
    `WITH ended AS (UPDATE certificate SET state = 'revoked', revoked_at = $3
                     WHERE tenant_id = $1 AND serial = ANY ($2::text[]) AND state <> 'revoked' RETURNING agent_id, serial)
     INSERT INTO revocation (tenant_id, agent_id, serial, reason) SELECT $1, agent_id, serial, $4 FROM ended`,
    [tenantId, serials, at, reason],
  );
}

/** As the issuer leaves a keyfile whose certificate is still to be signed: this key may go on, another one may not. */
async function claim(client: ClientBase, event: Of<'keyfile-claimed'>, merged: MergedJournal): Promise<void> {
  merged.keyfilesClaimed += await count(
    client,
    `UPDATE enrol_token SET state = 'claimed', claimed_at = $3, claimed_from = 'revocation journal', csr_spki = $4
      WHERE tenant_id = $1 AND id = $2 AND state = 'issued'`,
    [event.tenantId, event.keyfileId, event.at, Buffer.from(event.csrSpki, 'base64')],
  );
}

async function lock(client: ClientBase, event: Event): Promise<void> {
  if (event.kind !== 'agent-locked' && event.kind !== 'agent-unlocked') return;
  const { tenantId, agentId } = event;
  const known = await client.query('SELECT FROM agent WHERE tenant_id = $1 AND id = $2', [tenantId, agentId]);
  if (known.rowCount === 0) return denyWhileLocked(client, event);
  if (event.kind === 'agent-locked') {
    // Who is pending in the backup was activated since, or could not have been locked.
    await client.query(
      `UPDATE agent SET state = 'locked', locked_at = $3, lock_reason = $4
        WHERE tenant_id = $1 AND id = $2 AND state IN ('pending', 'active')`,
      [tenantId, agentId, event.at, event.reason],
    );
    return;
  }
  await client.query(
    `UPDATE agent SET state = CASE WHEN activated_at IS NULL THEN 'pending' ELSE 'active' END, locked_at = NULL, lock_reason = NULL
      WHERE tenant_id = $1 AND id = $2 AND state = 'locked'`,
    [tenantId, agentId],
  );
}

async function denyWhileLocked(client: ClientBase, event: Of<'agent-locked' | 'agent-unlocked'>): Promise<void> {
  const { tenantId, agentId } = event;
  if (event.kind === 'agent-unlocked') {
    const sql = `DELETE FROM recovery_denied WHERE tenant_id = $1 AND agent_id = $2 AND kind = 'locked'`;
    await client.query(sql, [tenantId, agentId]);
    return;
  }
  const sql = `INSERT INTO recovery_denied (tenant_id, agent_id, kind, reason) VALUES ($1, $2, 'locked', $3) ON CONFLICT DO NOTHING`;
  await client.query(sql, [tenantId, agentId, event.reason]);
}

async function count(client: ClientBase, sql: string, values: unknown[]): Promise<number> {
  return (await client.query(sql, values)).rowCount ?? 0;
}
