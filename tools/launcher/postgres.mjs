import { existsSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { LauncherError } from './errors.mjs';
import { freePort, isPortFree } from './port.mjs';
import { withLifeline } from './lifeline.mjs';
import { findPostgresBinaries, postgresAccount } from './postgres-binaries.mjs';
import { SUPERUSER, clusterHome, createCluster, endStrayServer, passwordFrom } from './postgres-cluster.mjs';

/** Role that owns the schema: may make databases and roles and reads past row level security, and is no superuser. */
export const OWNER = 'adit_owner';

const START_MS = 30_000;
/** Longer, and it stops without a checkpoint: the next start replays the log, nothing is lost. */
const STOP_MS = 1_000;
const RESTART_MS = [100, 300, 1_000, 2_000, 5_000];

/**
 * @typedef {object} PostgresOptions
 * @property {string} dir folder for the data, the passwords and the port of last time
 * @property {(line: string) => void} [log] what the server writes, line by line
 * @property {boolean} [usePackage] false: the PostgreSQL of the PATH even where npm has brought one
 * @property {string[]} [settings] further `name=value`; the defaults are durable
 */

/**
 * @typedef {object} Postgres
 * @property {string} ownerUrl URL of the owner's login and the database `adit`
 * @property {() => number | undefined} pid of the server; undefined for a foreign one
 * @property {() => Promise<void>} stop fast shutdown; calling it twice is harmless
 */

/**
 * Starts the embedded PostgreSQL, keeps it running, and makes the owner's role and database. `DATABASE_URL` replaces it all.
 * @param {PostgresOptions} options
 * @returns {Promise<Postgres>}
 * @throws {LauncherError} `postgres-not-found`, `postgres-failed`
 */
export async function startPostgres({ dir, log = () => undefined, settings = [], usePackage = true }) {
  const foreign = process.env.DATABASE_URL;
  if (foreign) return { ownerUrl: foreign, pid: () => undefined, stop: async () => undefined };
  const account = postgresAccount();
  const home = realpathSync(await clusterHome(dir, account));
  const dataDir = join(home, 'data');
  const superPassword = passwordFrom(join(dir, 'superuser.password'));
  const { initdb, postgres } = await findPostgresBinaries(account, home, usePackage);
  await endStrayServer(dataDir);
  await createCluster({ initdb, dataDir, password: superPassword, account });
  const port = await choosePort(join(dir, 'port'));
  const server = new Server({ postgres, dataDir, port, account, log, settings });
  try {
    await server.start();
    const password = passwordFrom(join(dir, 'owner.password'));
    const superUrl = url(SUPERUSER, superPassword, port, 'postgres');
    await waitForAnswer(superUrl, server);
    await makeOwner(superUrl, password);
    return { ownerUrl: url(OWNER, password, port, 'adit'), pid: () => server.pid, stop: () => server.stop() };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** One `postgres` process that is started again when it ends unasked. */
class Server {
  /** @param {{ postgres: string, dataDir: string, port: number, account: import('./postgres-binaries.mjs').Account, log: (line: string) => void, settings: string[] }} options */
  constructor(options) {
    this.options = options;
    this.stopping = false;
    this.failures = 0;
    this.lastLines = '';
    /** @type {Promise<void>} */
    this.ended = Promise.resolve();
    /** @type {import('node:child_process').ChildProcess | undefined} */
    this.child = undefined;
  }

  get pid() {
    return this.child?.pid;
  }

  /** Resolves when the process exists; readiness is a matter of `waitForAnswer`. */
  async start() {
    const { postgres, dataDir, port, account, settings } = this.options;
    const parameters = [
      `port=${port}`,
      'listen_addresses=127.0.0.1',
      'unix_socket_directories=',
      'max_connections=200',
      ...settings,
    ];
    const startedAt = Date.now();
    const args = ['-D', dataDir, ...parameters.flatMap((parameter) => ['-c', parameter])];
    const child = spawn(...withLifeline('SIGINT', postgres, args), {
      ...account,
      cwd: '/',
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH, TZ: 'UTC' },
    });
    this.child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => this.report(text));
    }
    this.ended = new Promise((resolve) => {
      child.once('error', (error) => this.report(`${error.message}\n`));
      child.once('close', () => resolve());
    });
    void this.ended.then(() => this.startAgain(startedAt));
  }

  /** @param {string} text */
  report(text) {
    this.lastLines = (this.lastLines + text).slice(-2_000);
    for (const line of text.split('\n')) if (line.trim()) this.options.log(line);
  }

  /** @param {number} startedAt */
  async startAgain(startedAt) {
    this.child = undefined;
    if (this.stopping) return;
    this.failures = Date.now() - startedAt > 10_000 ? 0 : this.failures + 1;
    await delay(RESTART_MS[Math.min(this.failures, RESTART_MS.length - 1)]);
    if (this.stopping) return;
    // After a SIGKILL its pid file stays: PostgreSQL uses it to wait for its own orphans, so it is not ours to remove.
    await this.start();
  }

  async stop() {
    this.stopping = true;
    const child = this.child;
    if (!child) return;
    child.kill('SIGINT');
    const quit = setTimeout(() => child.kill('SIGQUIT'), STOP_MS);
    await this.ended;
    clearTimeout(quit);
  }
}

/**
 * @param {string} file
 * @returns {Promise<number>} that of last time while it is free, so that an open `psql` finds it again
 */
async function choosePort(file) {
  const last = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
  if (last > 0 && last < 65536 && (await isPortFree(last))) return last;
  const port = await freePort();
  writeFileSync(file, `${port}\n`);
  return port;
}

/**
 * @param {string} user
 * @param {string} password
 * @param {number} port
 * @param {string} database
 */
function url(user, password, port, database) {
  return `postgres://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`;
}

/**
 * @param {string} connectionString
 * @param {Server} server
 */
async function waitForAnswer(connectionString, server) {
  const deadline = Date.now() + START_MS;
  for (;;) {
    const client = new pg.Client({ connectionString, connectionTimeoutMillis: 5_000 });
    try {
      await client.connect();
      return await client.end();
    } catch (error) {
      await client.end().catch(() => undefined);
      if (Date.now() > deadline || server.failures >= 3) {
        const reason = server.lastLines.trim() || (error instanceof Error ? error.message : String(error));
        throw new LauncherError('postgres-failed', `PostgreSQL does not start: ${reason}`);
      }
      await delay(30);
    }
  }
}

/**
 * @param {string} connectionString of the superuser
 * @param {string} password
 */
export async function makeOwner(connectionString, password) {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    const { rowCount: roles } = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [OWNER]);
    const verb = roles ? 'ALTER' : 'CREATE';
    const secret = client.escapeLiteral(password);
    await client.query(`${verb} ROLE ${OWNER} LOGIN CREATEDB CREATEROLE BYPASSRLS NOSUPERUSER PASSWORD ${secret}`);
    const { rowCount: databases } = await client.query("SELECT 1 FROM pg_database WHERE datname = 'adit'");
    if (!databases) await client.query(`CREATE DATABASE adit OWNER ${OWNER}`);
  } finally {
    await client.end();
  }
}
