import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';

/** Runnable processes per core before a run: above it, figures say more about the others than about us. */
const BUSY = 0.5;

/** @type {number | undefined} */
let ticksPerSecond;

/**
 * Says so when other programs already use the machine.
 * @param {(line: string) => void} progress
 */
export function warnWhenBusy(progress) {
  const perCore = loadavg()[0] / availableParallelism();
  if (perCore > BUSY)
    progress(`WARNING: this machine is busy (load ${perCore.toFixed(1)} per core): expect worse figures`);
}

/**
 * CPU time that these processes have used so far, their present children included.
 * @param {readonly number[]} pids
 * @returns {number} seconds, of 10 ms resolution
 */
export function cpuSeconds(...pids) {
  ticksPerSecond ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  const all = new Set(pids.filter((pid) => pid > 0).flatMap((pid) => [pid, ...descendants(pid)]));
  const ticks = [...all].map((pid) => {
    const fields = statFields(pid);
    return fields ? Number(fields[11]) + Number(fields[12]) : 0;
  });
  return ticks.reduce((sum, one) => sum + one, 0) / ticksPerSecond;
}

/**
 * Resident memory.
 * @param {number} pid
 * @returns {number} bytes
 */
export function residentBytes(pid) {
  const [, kib = '0'] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) * 1024;
}

/**
 * Fields of /proc/PID/stat from the third on (proc(5)); the second may hold blanks.
 * @param {number | string} pid
 */
function statFields(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

/**
 * @param {number} root
 * @returns {number[]}
 */
function descendants(root) {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), parent: Number(statFields(name)?.[1] ?? 0) }));
  /** @type {(pid: number) => number[]} */
  const below = (pid) =>
    parents.filter(({ parent }) => parent === pid).flatMap((child) => [child.pid, ...below(child.pid)]);
  return below(root);
}
