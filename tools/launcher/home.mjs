import { chmodSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { takeLock } from '../process-lock.mjs';
import { ROOT } from './cloud.mjs';
import { LauncherError } from './errors.mjs';

/** @returns {string} where all data of this machine's platform is: `.adit` of the clone, or `ADIT_HOME` */
export function homeDir() {
  return resolve(process.env.ADIT_HOME ?? join(ROOT, '.adit'));
}

/**
 * Makes the folder and takes it for this process.
 * @param {string} dir
 * @returns {() => void} gives it back
 * @throws {LauncherError} `already-running`, naming the other process
 */
export function takeHome(dir) {
  // PostgreSQL runs as another user when root starts it, and has to get to its own folder; the rest is closed one by one.
  const mode = process.getuid?.() === 0 ? 0o711 : 0o700;
  mkdirSync(dir, { recursive: true, mode });
  chmodSync(dir, mode);
  const lock = takeLock(join(dir, 'launcher.lock'));
  if ('release' in lock) return lock.release;
  throw new LauncherError(
    'already-running',
    `the platform runs already from ${dir} (pid ${lock.pid}): end it with Ctrl-C, or set ADIT_HOME to another folder`,
  );
}
