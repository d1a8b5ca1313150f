import { closeSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const WAIT_MS = 15 * 60_000;
const POLL_MS = 200;
/** Between making the file and writing the pid into it. */
const GRACE_MS = 2_000;

/**
 * Runs the work while no other process of this clone does; a lock whose process is gone is taken over.
 * @param {string} file
 * @param {(line: string) => void} say
 * @param {() => void | Promise<void>} work
 */
export async function withLock(file, say, work) {
  const deadline = Date.now() + WAIT_MS;
  let announced = false;
  while (!take(file)) {
    const owner = ownerOf(file);
    if (owner === 'gone') {
      rmSync(file, { force: true });
      continue;
    }
    if (!announced) say(`waiting for another set-up of this clone (pid ${owner}) …`);
    announced = true;
    if (Date.now() > deadline) throw new Error(`pid ${owner} has held ${file} for too long; end it or remove the file`);
    await delay(POLL_MS);
  }
  try {
    await work();
  } finally {
    rmSync(file, { force: true });
  }
}

/** @param {string} file */
function take(file) {
  try {
    const descriptor = openSync(file, 'wx', 0o600);
    writeSync(descriptor, String(process.pid));
    closeSync(descriptor);
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * @param {string} file
 * @returns {number | 'gone' | 'unknown'}
 */
function ownerOf(file) {
  try {
    const pid = Number(readFileSync(file, 'utf8'));
    if (pid > 0) return isAlive(pid) ? pid : 'gone';
    return Date.now() - statSync(file).mtimeMs > GRACE_MS ? 'gone' : 'unknown';
  } catch {
    return 'gone';
  }
}

/**
 * @param {number} pid
 * @returns {boolean}
 */
export function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}
