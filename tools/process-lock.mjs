import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

/**
 * Takes a lock that names its process; one whose process is gone is taken over.
 * @param {string} file
 * @returns {{ pid: number } | { release: () => void }} the holder's pid when somebody else has it
 */
export function takeLock(file) {
  const own = identity(process.pid);
  const mine = `${file}.${process.pid}`;
  writeFileSync(mine, own, { mode: 0o600 });
  try {
    for (;;) {
      // A link is made or not, content and all.
      if (link(mine, file)) return { release: () => release(file, own) };
      const holder = read(file);
      if (holder === undefined) continue;
      const pid = Number(holder.split(' ')[0]);
      if (holder !== own && identity(pid) === holder) return { pid };
      discard(file, holder);
    }
  } finally {
    rmSync(mine, { force: true });
  }
}

/**
 * Removes the stale lock, and only that: another process may have replaced it meanwhile.
 * @param {string} file
 * @param {string} stale
 */
function discard(file, stale) {
  const aside = `${file}.stale.${process.pid}`;
  try {
    renameSync(file, aside);
  } catch {
    return;
  }
  if (read(aside) !== stale) link(aside, file);
  rmSync(aside, { force: true });
}

/**
 * @param {string} file
 * @param {string} own
 */
function release(file, own) {
  if (read(file) === own) rmSync(file, { force: true });
}

/**
 * A pid is used again; with the time of its start (field 22 of proc_pid_stat(5)) it is not.
 * @param {number} pid
 * @returns {string}
 */
function identity(pid) {
  const stat = read(`/proc/${pid}/stat`);
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return `${pid} ${fields?.[19] ?? 'gone'}`;
}

/** @param {string} file */
function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/**
 * @param {string} from
 * @param {string} to
 */
function link(from, to) {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') return false;
    throw error;
  }
}
