import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { LauncherError } from './errors.mjs';
import { runCommand } from './command.mjs';
import { canReach } from './postgres-binaries.mjs';

/** Name of the first superuser; the platform itself works as `adit_owner`. */
export const SUPERUSER = 'postgres';

/** Fast shutdown takes far less; a checkpoint on a slow disk decides the upper end. */
const STRAY_STOP_MS = 10_000;

/** Where data goes when the clone is in a folder that is closed to other users. */
const OPEN_PARENT = '/var/tmp';

/**
 * The folder for the data: `dir`, or one under /var/tmp that `dir/location` names when the account cannot reach `dir`.
 * @param {string} dir
 * @param {import('./postgres-binaries.mjs').Account} account
 * @returns {Promise<string>}
 */
export async function clusterHome(dir, account) {
  mkdirSync(dir, { recursive: true, mode: 0o755 });
  if (account.uid === undefined) return dir;
  chmodSync(dir, 0o755);
  const locationFile = join(dir, 'location');
  if (existsSync(locationFile)) {
    const recorded = readFileSync(locationFile, 'utf8').trim();
    if (existsSync(recorded)) return recorded;
  } else if (await canReach(dir, account)) {
    return dir;
  }
  const home = mkdtempSync(join(OPEN_PARENT, 'adit-postgres-'));
  chmodSync(home, 0o755);
  writeFileSync(locationFile, `${home}\n`);
  return home;
}

/**
 * Password of a login, from a 0600 file that is made at first use.
 * @param {string} file
 * @returns {string}
 */
export function passwordFrom(file) {
  try {
    writeFileSync(file, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
  }
  return readFileSync(file, 'utf8').trim();
}

/**
 * Makes the data folder unless it is complete. A start that was cut off in the middle of it begins again.
 * @param {{ initdb: string, dataDir: string, password: string, account: import('./postgres-binaries.mjs').Account }} options
 */
export async function createCluster({ initdb, dataDir, password, account }) {
  const complete = join(dataDir, 'adit-complete');
  if (existsSync(complete)) return;
  rmSync(dataDir, { recursive: true, force: true });
  mkdirSync(dataDir, { mode: 0o700 });
  const secretDir = mkdtempSync(join(tmpdir(), 'adit-initdb-'));
  const secretFile = join(secretDir, 'password');
  try {
    writeFileSync(secretFile, password, { mode: 0o600 });
    own(account, dataDir, secretDir, secretFile);
    const args = ['-D', dataDir, '-U', SUPERUSER, '--auth=scram-sha-256', `--pwfile=${secretFile}`];
    await runCommand(initdb, [...args, '--locale=C', '--encoding=UTF8', '--no-instructions'], {
      ...account,
      cwd: '/',
      env: { PATH: process.env.PATH, TMPDIR: process.env.TMPDIR },
      timeoutMs: 120_000,
    });
    writeFileSync(complete, '');
  } catch (error) {
    throw new LauncherError('postgres-failed', `initdb: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    rmSync(secretDir, { recursive: true, force: true });
  }
}

/**
 * @param {import('./postgres-binaries.mjs').Account} account
 * @param {string[]} paths
 */
function own({ uid, gid }, ...paths) {
  if (uid === undefined || gid === undefined) return;
  for (const path of paths) chownSync(path, uid, gid);
}

/**
 * Ends the server that a killed launcher left behind. The folder's lock keeps two launchers apart, so that a running
 * server here has no owner any more.
 * @param {string} dataDir
 */
export async function endStrayServer(dataDir) {
  const pid = serverPid(dataDir);
  if (pid === undefined) return;
  /** @type {[NodeJS.Signals, number][]} */
  const steps = [
    ['SIGINT', STRAY_STOP_MS],
    ['SIGQUIT', 3_000],
  ];
  for (const [signal, waitMs] of steps) {
    process.kill(pid, signal);
    for (let waitedMs = 0; waitedMs < waitMs; waitedMs += 20) {
      // Its pid file goes a moment before it does.
      if (!serves(pid, dataDir)) return;
      await delay(20);
    }
  }
  throw new LauncherError('postgres-failed', `the PostgreSQL left by an earlier start (pid ${pid}) does not end`);
}

/**
 * @param {string} dataDir
 * @returns {number | undefined} the process that really serves this folder: a reused pid is not taken for it
 */
function serverPid(dataDir) {
  const file = join(dataDir, 'postmaster.pid');
  const pid = existsSync(file) ? Number(readFileSync(file, 'utf8').split('\n')[0]) : 0;
  return pid > 0 && serves(pid, dataDir) ? pid : undefined;
}

/**
 * @param {number} pid
 * @param {string} dataDir where PostgreSQL works
 */
function serves(pid, dataDir) {
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === dataDir;
  } catch {
    return false;
  }
}
