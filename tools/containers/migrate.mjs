#!/usr/bin/env node
/**
 * Second step of the containers' start: makes the database's owner, brings the schema up to date, and gives each app the
 * URL of its own login in `secrets/<app>/database.env`. What is there stays.
 *
 *     node tools/containers/migrate.mjs /secrets UID:GID postgres:5432
 */
import { randomBytes } from 'node:crypto';
import { chownSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../launcher/command.mjs';
import { makeOwner, OWNER } from '../launcher/postgres.mjs';
import { CLOUD_APPS, makeOnce } from '../launcher/provision.mjs';

const MIGRATE = join(import.meta.dirname, '..', '..', 'dist', 'libs', 'persistence', 'src', 'migrate.js');
const MIGRATE_MS = 120_000;

/**
 * @param {string} user
 * @param {string} password
 * @param {string} server host:port
 * @param {string} database
 */
const url = (user, password, server, database) =>
  `postgres://${user}:${encodeURIComponent(password)}@${server}/${database}`;

/**
 * @param {string} dir
 * @param {string} owner uid:gid of the apps
 * @param {string} server host:port
 */
async function migrate(dir, owner, server) {
  const superPassword = readFileSync(join(dir, 'postgres.password'), 'utf8').trim();
  const ownerFile = join(dir, 'owner.password');
  makeOnce(ownerFile, () => randomBytes(24).toString('base64url'));
  const ownerPassword = readFileSync(ownerFile, 'utf8').trim();
  await makeOwner(url('postgres', superPassword, server, 'postgres'), ownerPassword);
  const loginsFile = join(dir, 'logins.json');
  const env = { ADIT_OWNER_DATABASE_URL: url(OWNER, ownerPassword, server, 'adit'), ADIT_LOGINS_FILE: loginsFile };
  process.stdout.write(await runCommand(process.execPath, [MIGRATE], { env, timeoutMs: MIGRATE_MS }));
  giveLogins(dir, owner, JSON.parse(readFileSync(loginsFile, 'utf8')));
}

/**
 * @param {string} dir
 * @param {string} owner
 * @param {Record<string, string>} logins
 */
function giveLogins(dir, owner, logins) {
  const [uid, gid] = owner.split(':').map(Number);
  for (const app of CLOUD_APPS) {
    const file = join(dir, 'secrets', app, 'database.env');
    writeFileSync(`${file}.new`, `ADIT_DATABASE_URL=${logins[app]}\n`, { mode: 0o600 });
    chownSync(`${file}.new`, uid, gid);
    renameSync(`${file}.new`, file);
  }
}

const [dir, owner, server] = process.argv.slice(2);
if (!dir || !owner || !server) {
  process.stderr.write('usage: node tools/containers/migrate.mjs DIRECTORY UID:GID HOST:PORT\n');
  process.exit(78);
}
await migrate(dir, owner, server);
