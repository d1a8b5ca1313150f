import { DATABASE_APPS, type DatabaseApp } from '@app/persistence';
import { Client } from 'pg';
import { createDatabase, type TestDatabase } from '../harness/database.js';
import { insertTenant, type TenantRows } from './persistence.rows.js';

let database: TestDatabase;
let tenant: TenantRows;

beforeAll(async () => {
  database = await createDatabase();
  tenant = await insertTenant(database.query);
}, 60_000);

afterAll(() => database?.drop());

const as = async <T>(app: DatabaseApp, work: (client: Client) => Promise<T>): Promise<T> => {
  const client = new Client({ connectionString: database.logins[app] });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
};

/** A trigger of the caller on a table of the caller, which bears the name of one that `audit_append` writes. */
const TRAP = `
CREATE TEMPORARY TABLE audit_head (chain uuid PRIMARY KEY, seq bigint, hash bytea);
CREATE FUNCTION pg_temp.caught() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM set_config('trap.caught', current_user, false); RETURN NEW; END $$;
CREATE TRIGGER caught BEFORE INSERT OR UPDATE ON pg_temp.audit_head FOR EACH ROW EXECUTE FUNCTION pg_temp.caught();
GRANT ALL ON pg_temp.audit_head TO PUBLIC;`;

describe('functions that run as adit_system', () => {
  it('search what the caller has made last', async () => {
    const functions = await database.query<{ name: string; path: string | null }>(
      `SELECT p.oid::regprocedure::text AS name, (SELECT s FROM unnest(p.proconfig) s WHERE s LIKE 'search_path=%') AS path
         FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND (p.prosecdef OR p.proconfig IS NOT NULL)`,
    );
    expect(functions.length).toBeGreaterThan(10);
    expect(functions.filter(({ path }) => path !== 'search_path=pg_catalog, public, pg_temp')).toEqual([]);
  });

  it.each(DATABASE_APPS)('can be given no temporary table by %s', async (app) => {
    await as(app, async (client) => {
      await expect(client.query('CREATE TEMPORARY TABLE audit_head (chain uuid)')).rejects.toMatchObject({
        code: '42501',
      });
    });
  });

  it('take no table of the caller for theirs, even where it may make one', async () => {
    const { username, pathname } = new URL(database.logins['video-redirector']);
    await database.query(`GRANT TEMPORARY ON DATABASE ${pathname.slice(1)} TO ${username}`);
    const seen = await as('video-redirector', async (client) => {
      await client.query(TRAP);
      await client.query(`SELECT audit_append($1, 'system', 'test.made', 'x', '{}')`, [tenant.tenantId]);
      const { rows } = await client.query<{ caught: string; rows: string }>(
        `SELECT coalesce(current_setting('trap.caught', true), '') AS caught, (SELECT count(*) FROM pg_temp.audit_head) AS rows`,
      );
      return rows[0];
    });
    expect(seen).toEqual({ caught: '', rows: '0' });
  });
});
