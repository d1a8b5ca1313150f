import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Client } from 'pg';

/** Apps that reach the database, each under its own login. */
export const DATABASE_APPS = [
  'admin-api',
  'keyfile-issuer',
  'tunnel-broker',
  'federation',
  'video-redirector',
] as const;
export type DatabaseApp = (typeof DATABASE_APPS)[number];
export type Logins = Record<DatabaseApp, string>;

const passwordOf = (url: string | undefined): string | undefined =>
  url === undefined ? undefined : decodeURIComponent(new URL(url).password) || undefined;

/**
 * Makes (or repairs) one login per app: `<database>_<app>_login`, member of the group role `adit_<app>`, nothing else.
 * @param known URLs of an earlier call, so that running apps keep their passwords
 */
export const ensureLogins = async (ownerUrl: string, known: Partial<Logins> = {}): Promise<Logins> => {
  const owner = new Client({ connectionString: ownerUrl });
  await owner.connect();
  try {
    const database = (await owner.query<{ name: string }>('SELECT current_database() AS name')).rows[0]?.name ?? 'adit';
    const logins: Partial<Logins> = {};
    for (const app of DATABASE_APPS) {
      const name = `${database.slice(0, 35)}_${app.replaceAll('-', '_')}_login`;
      const password = passwordOf(known[app]) ?? randomBytes(24).toString('base64url');
      await ensureLogin(owner, name, `adit_${app.replaceAll('-', '_')}`, password, database);
      const url = new URL(ownerUrl);
      url.username = name;
      url.password = password;
      logins[app] = url.toString();
    }
    return logins as Logins;
  } finally {
    await owner.end();
  }
};

const ensureLogin = async (
  owner: Client,
  name: string,
  group: string,
  password: string,
  database: string,
): Promise<void> => {
  const role = owner.escapeIdentifier(name);
  const exists = (await owner.query('SELECT FROM pg_roles WHERE rolname = $1', [name])).rowCount === 1;
  const verb = exists ? 'ALTER' : 'CREATE';
  await owner.query(
    `${verb} ROLE ${role} LOGIN INHERIT NOCREATEDB NOCREATEROLE PASSWORD ${owner.escapeLiteral(password)}`,
  );
  await owner.query(`GRANT ${owner.escapeIdentifier(group)} TO ${role}`);
  await owner.query(`GRANT CONNECT ON DATABASE ${owner.escapeIdentifier(database)} TO ${role}`);
};

export const readLogins = async (file: string): Promise<Partial<Logins>> => {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Partial<Logins>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
};
