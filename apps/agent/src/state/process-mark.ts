import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { z } from 'zod';
import { errnoOf } from '../errors.js';

/** Names one process for good: process ids come back, most of all in containers, where each main process is number 1. */
export const processMark = z.object({
  pid: z.int().positive(),
  host: z.string(),
  /** Clock ticks since boot, as the kernel tells it; empty where there is no /proc. */
  started: z.string(),
});
export type ProcessMark = z.infer<typeof processMark>;

export const ownMark = (): ProcessMark => ({
  pid: process.pid,
  host: hostname(),
  started: startOf(process.pid),
});

/** Whether that process of this host still runs. */
export const isRunning = (mark: ProcessMark): boolean => {
  try {
    process.kill(mark.pid, 0);
  } catch (error) {
    if (errnoOf(error) === 'ESRCH') return false;
  }
  return startOf(mark.pid) === mark.started;
};

/** Field 22 of /proc/<pid>/stat; the command name before it may hold spaces and parentheses. */
const startOf = (pid: number): string => {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return line.slice(line.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
};
