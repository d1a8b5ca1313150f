import { randomBytes } from 'node:crypto';
import { DATABASE_APPS, ensureLogins, migrateUp, type Logins } from '@app/persistence';
import { Client, DatabaseError } from 'pg';

/** SQLSTATE 42501, Appendix A of the PostgreSQL manual. */
const INSUFFICIENT_PRIVILEGE = '42501';

export interface TestDatabase extends AsyncDisposable {
  /** Owner's URL: no superuser, but reads past row level security. */
  readonly ownerUrl: string;
  /** One URL per app, with that app's login. */
  readonly logins: Logins;
  /** Runs one statement as the owner. */
  query: <Row extends object>(text: string, values?: unknown[]) => Promise<Row[]>;
  drop: () => Promise<void>;
}

/** URL of the owner's login at the PostgreSQL that `test/global-setup.mjs` has started. */
const clusterUrl = (): string => {
  const url = process.env['TEST_POSTGRES_URL'];
  if (!url) throw new Error('TEST_POSTGRES_URL is not set: run jest with --selectProjects e2e');
  return url;
};

const withClient = async <T>(connectionString: string, work: (client: Client) => Promise<T>): Promise<T> => {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
};

const urlOf = (name: string): string => {
  const url = new URL(clusterUrl());
  url.pathname = `/${name}`;
  return url.toString();
};

type EmptyDatabase = Pick<TestDatabase, 'ownerUrl' | 'query' | 'drop'>;

/** An empty database of its own, without any migration. */
export const createEmptyDatabase = (): Promise<EmptyDatabase> => createCopy('template1');

const createCopy = async (template: string): Promise<EmptyDatabase> => {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await withClient(clusterUrl(), (client) => client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`));
  const ownerUrl = urlOf(name);
  return {
    ownerUrl,
    query: <Row extends object>(text: string, values: unknown[] = []) =>
      withClient(ownerUrl, async (client) => (await client.query<Row>(text, values)).rows),
    drop: () => withClient(clusterUrl(), (client) => dropDatabase(client, name)),
  };
};

/** Any number that nobody else locks in the cluster's own database. */
const TEMPLATE_LOCK = 5_500_5501;

/** Migrates once in a run: a copy of what came of it costs a fraction of the migrations. @returns its name */
const ensureTemplate = (): Promise<string> =>
  withClient(clusterUrl(), async (client) => {
    const name = process.env['TEST_TEMPLATE'] ?? 'template_test';
    await client.query('SELECT pg_advisory_lock($1)', [TEMPLATE_LOCK]);
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [name]);
    if (rowCount === 1) return name;
    // It has its name when it is whole.
    const unfinished = `${name}_unfinished`;
    await client.query(`DROP DATABASE IF EXISTS ${unfinished} WITH (FORCE)`);
    await client.query(`CREATE DATABASE ${unfinished}`);
    await migrateUp(urlOf(unfinished));
    await client.query(`ALTER DATABASE ${unfinished} RENAME TO ${name}`);
    return name;
  });

/** A migrated database of its own, with a login per app. */
export const createDatabase = async (): Promise<TestDatabase> => {
  const database = await createCopy(await ensureTemplate());
  // A copy has everything but the privileges on the database itself (migration 10).
  await database.query(`REVOKE TEMPORARY ON DATABASE ${new URL(database.ownerUrl).pathname.slice(1)} FROM PUBLIC`);
  const logins = await ensureLogins(database.ownerUrl);
  const drop = async (): Promise<void> => {
    await database.drop();
    const names = DATABASE_APPS.map((app) => new URL(logins[app]).username);
    await withClient(clusterUrl(), (client) => client.query(`DROP ROLE IF EXISTS ${names.join(', ')}`));
  };
  return { ...database, logins, drop, [Symbol.asyncDispose]: drop };
};

/**
 * WITH (FORCE) ends the sessions of apps that a failed test has left. It is refused to everybody but a superuser while
 * an autovacuum worker is in the database, as the worker runs as one; a plain DROP asks the worker to leave instead.
 */
const dropDatabase = async (client: Client, name: string): Promise<void> => {
  try {
    await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  } catch (error) {
    if (!(error instanceof DatabaseError && error.code === INSUFFICIENT_PRIVILEGE)) throw error;
    await client.query(`DROP DATABASE IF EXISTS ${name}`);
  }
};
