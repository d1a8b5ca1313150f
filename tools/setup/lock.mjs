import { setTimeout as delay } from 'node:timers/promises';
import { takeLock } from '../process-lock.mjs';

const WAIT_MS = 15 * 60_000;
const POLL_MS = 200;

/**
 * Runs the work while no other process of this clone does.
 * @param {string} file
 * @param {(line: string) => void} say
 * @param {() => void | Promise<void>} work
 */
export async function withLock(file, say, work) {
  const deadline = Date.now() + WAIT_MS;
  let lock = takeLock(file);
  if ('pid' in lock) say(`waiting for another set-up of this clone (pid ${lock.pid}) …`);
  while ('pid' in lock) {
    if (Date.now() > deadline) throw new Error(`pid ${lock.pid} has held ${file} for too long; end it`);
    await delay(POLL_MS);
    lock = takeLock(file);
  }
  try {
    await work();
  } finally {
    lock.release();
  }
}
