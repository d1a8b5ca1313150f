import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { mergeJournal } from '../../libs/persistence/src/backup/merge-journal.js';
import type { JournalEvent } from '../../libs/persistence/src/journal/journal-event.js';
import { createDatabase, type TestDatabase } from '../harness/database.js';
import { insertTenant, type TenantRows } from './persistence.rows.js';

let database: TestDatabase;
let rows: TenantRows;
/** Of an agent that the backup does not know. */
let lost: { tenantId: string; agentId: string };

beforeAll(async () => {
  database = await createDatabase();
}, 60_000);
afterAll(() => database?.drop());
beforeEach(async () => {
  rows = await insertTenant(database.query);
  lost = { tenantId: rows.tenantId, agentId: randomUUID() };
});

/** As a restore does it, with a journal that holds these. */
const merge = async (...events: JournalEvent[]): Promise<void> => {
  const client = new Client({ connectionString: database.ownerUrl });
  await client.connect();
  try {
    const at = new Date();
    const journal = { events: events.map((event) => ({ ...event, at })), inDoubt: 0 };
    await mergeJournal(client, journal);
  } finally {
    await client.end();
  }
};

const locked = (agent: { tenantId: string; agentId: string }, reason = 'a drill'): JournalEvent => ({
  kind: 'agent-locked',
  tenantId: agent.tenantId,
  agentId: agent.agentId,
  reason,
});
const unlocked = (agent: { tenantId: string; agentId: string }): JournalEvent => ({
  kind: 'agent-unlocked',
  tenantId: agent.tenantId,
  agentId: agent.agentId,
});
const revoked = (reason: string): JournalEvent => ({
  kind: 'agent-revoked',
  ...lost,
  keyfileId: null,
  serials: [],
  reason,
});

const stateOf = async (): Promise<string | undefined> =>
  (await database.query<{ state: string }>('SELECT state FROM agent WHERE id = $1', [rows.agentId]))[0]?.state;
const denials = (): Promise<{ kind: string }[]> =>
  database.query('SELECT kind FROM recovery_denied WHERE agent_id = $1 ORDER BY kind', [lost.agentId]);

describe('the journal over a restored database', () => {
  it('locks an agent that was pending when the backup was taken', async () => {
    expect(await stateOf()).toBe('pending');
    await merge(locked(rows));
    expect(await stateOf()).toBe('locked');
    await merge(locked(rows), unlocked(rows));
    expect(await stateOf()).toBe('pending');
  });

  it('keeps a lost agent out that was revoked, whatever its locks were and whatever the reason says', async () => {
    await merge(locked(lost), unlocked(lost), revoked('locked'));
    expect(await denials()).toEqual([{ kind: 'revoked' }]);
    await merge(locked(lost, 'revoked'));
    expect(await denials()).toEqual([{ kind: 'locked' }, { kind: 'revoked' }]);
    await merge(unlocked(lost));
    expect(await denials()).toEqual([{ kind: 'revoked' }]);
  });

  it('revokes a certificate alone, on record or not, and tells the brokers', async () => {
    const { tenantId, agentId, serial } = rows;
    const serials = [serial, '4a4b'];
    await merge({ kind: 'certificate-revoked', tenantId, agentId, serials, reason: 'replaced' });
    expect(await database.query('SELECT state FROM certificate WHERE serial = $1', [serial])).toEqual([
      { state: 'revoked' },
    ]);
    const denied = 'SELECT 1 AS found FROM recovery_denied_certificate WHERE tenant_id = $1 AND serial = ANY ($2)';
    expect(await database.query(denied, [tenantId, serials])).toHaveLength(2);
    const feed = `SELECT serial FROM revocation WHERE agent_id = $1 AND reason = 'replaced'`;
    expect(await database.query(feed, [agentId])).toEqual([{ serial }]);
    expect(await stateOf()).toBe('pending');
  });
});
