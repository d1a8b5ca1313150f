import { randomUUID } from 'node:crypto';
import { Client, type QueryResult } from 'pg';
import { createDatabase, type TestDatabase } from '../harness/database.js';
import { insertTenant } from './persistence.rows.js';

const SITES = 30;
const WRITERS = 6;
const ROUNDS = 25;

/** The newest session of each site, looked up; and as the trigger has kept it. */
const FRESH = `SELECT DISTINCT ON (site_id) site_id, id AS session_id, broker_id, opened_at, closed_at FROM tunnel_session
  ORDER BY site_id, (closed_at IS NULL) DESC, epoch DESC`;
const KEPT = 'SELECT site_id, session_id, broker_id, opened_at, closed_at FROM site_tunnel ORDER BY site_id';

let database: TestDatabase;
let tenantId: string;
let brokerId: string;
const writers: Client[] = [];

beforeAll(async () => {
  database = await createDatabase();
  ({ tenantId, brokerId } = await insertTenant(database.query));
  await database.query(
    "INSERT INTO site (tenant_id, name, label) SELECT $1, 'Site', 'site-' || n FROM generate_series(1, $2::int) n",
    [tenantId, SITES],
  );
  await database.query(
    "INSERT INTO agent (id, tenant_id, site_id) SELECT gen_random_uuid(), tenant_id, id FROM site WHERE label LIKE 'site-%'",
  );
  for (let n = 0; n < WRITERS; n += 1) {
    const client = new Client({ connectionString: database.logins['tunnel-broker'] });
    await client.connect();
    await client.query("SELECT set_config('adit.tenant', $1, false)", [tenantId]);
    writers.push(client);
  }
}, 60_000);

afterAll(async () => {
  for (const client of writers) await client.end();
  await database?.drop();
});

const open = (client: Client): Promise<QueryResult> =>
  client.query(
    `INSERT INTO tunnel_session (id, tenant_id, site_id, agent_id, broker_id, instance_id, certificate_serial, remote_address, agent_version, platform)
     SELECT $1, tenant_id, site_id, id, $2, 'i', '01', '192.0.2.7:1', '0.1.0', 'linux' FROM agent
      WHERE tenant_id = $3 AND NOT EXISTS (SELECT FROM tunnel_session t WHERE t.agent_id = agent.id AND t.closed_at IS NULL)
      ORDER BY random() LIMIT 1`,
    [randomUUID(), brokerId, tenantId],
  );

/** Sessions of many sites in no order, as a broker ends what another one has left. */
const close = (client: Client): Promise<QueryResult> =>
  client.query(
    `UPDATE tunnel_session SET closed_at = now(), close_reason = 'peer-lost' WHERE id IN
       (SELECT id FROM tunnel_session WHERE closed_at IS NULL ORDER BY random() LIMIT 5 FOR UPDATE SKIP LOCKED)`,
  );

const reopen = (client: Client): Promise<QueryResult> =>
  client.query(
    `UPDATE tunnel_session SET closed_at = NULL, close_reason = NULL, last_seen_at = now() WHERE id IN
       (SELECT DISTINCT ON (agent_id) id FROM tunnel_session t WHERE closed_at IS NOT NULL
           AND NOT EXISTS (SELECT FROM tunnel_session n WHERE n.agent_id = t.agent_id AND n.epoch > t.epoch)
         ORDER BY agent_id LIMIT 5)`,
  );

describe('the newest session of a site', () => {
  it('is what it would be looked up as, whatever brokers write at once, and none of them waits for ever', async () => {
    const brokers = await database.query('SELECT site_id FROM agent');
    expect(brokers.length).toBeGreaterThan(SITES);
    const codes = new Set<string>();
    const attempt = (work: Promise<QueryResult>): Promise<unknown> =>
      work.catch((error: { code?: string }) => codes.add(error.code ?? 'none'));
    await database.query('GRANT SELECT ON agent TO adit_tunnel_broker');
    await Promise.all(
      writers.map(async (client, n) => {
        for (let round = 0; round < ROUNDS; round += 1) {
          await attempt(n % 3 === 0 ? close(client) : open(client));
          if (n % 3 === 2) await attempt(reopen(client));
        }
      }),
    );
    await database.query('REVOKE SELECT ON agent FROM adit_tunnel_broker');
    // Two openings of one agent may run into its index of open sessions; the broker queues them.
    expect([...codes].filter((code) => code !== '23505')).toEqual([]);
    const fresh = await database.query(FRESH);
    expect(fresh.length).toBeGreaterThan(SITES / 2);
    expect(await database.query(KEPT)).toEqual(fresh);
  }, 60_000);

  it('is not touched by signs of life', async () => {
    const before = await database.query('SELECT site_id, xmin::text FROM site_tunnel ORDER BY site_id');
    await writers[0]?.query('UPDATE tunnel_session SET last_seen_at = now(), closed_at = NULL WHERE closed_at IS NULL');
    expect(await database.query('SELECT site_id, xmin::text FROM site_tunnel ORDER BY site_id')).toEqual(before);
  });

  it('can be written by no app itself', async () => {
    const write = writers[0]?.query('UPDATE site_tunnel SET closed_at = now()');
    await expect(write).rejects.toMatchObject({ code: '42501' });
    await expect(writers[0]?.query("SELECT follow_newest_session('{}')")).rejects.toMatchObject({ code: '42501' });
  });
});

it('an agent of a deleted site is refused', async () => {
  const [site] = await database.query<{ id: string }>(
    "INSERT INTO site (tenant_id, name, label) VALUES ($1, 'Gone', 'gone') RETURNING id",
    [tenantId],
  );
  await database.query('SELECT delete_site($1, $2)', [tenantId, site?.id]);
  const insert = database.query('INSERT INTO agent (id, tenant_id, site_id) VALUES ($1, $2, $3)', [
    randomUUID(),
    tenantId,
    site?.id,
  ]);
  await expect(insert).rejects.toMatchObject({ code: '23503' });
});
