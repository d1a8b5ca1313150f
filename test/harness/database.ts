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

/** An empty database of its own, without any migration. */
export const createEmptyDatabase = async (): Promise<Pick<TestDatabase, 'ownerUrl' | 'query' | 'drop'>> => {
  const name = `test_${randomBytes(6).toString('hex')}`;
  const url = new URL(clusterUrl());
  await withClient(clusterUrl(), (client) => client.query(`CREATE DATABASE ${name}`));
  url.pathname = `/${name}`;
  const ownerUrl = url.toString();
  return {
    ownerUrl,
    query: <Row extends object>(text: string, values: unknown[] = []) =>
      withClient(ownerUrl, async (client) => (await client.query<Row>(text, values)).rows),
    drop: () => withClient(clusterUrl(), (client) => dropDatabase(client, name)),
  };
};

/** A migrated database of its own, with a login per app. */
export const createDatabase = async (): Promise<TestDatabase> => {
  const database = await createEmptyDatabase();
  await migrateUp(database.ownerUrl);
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
