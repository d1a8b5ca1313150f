import { open, readFile, rm, stat, utimes } from 'node:fs/promises';
import { AgentError, errnoOf } from '../errors.js';
import { isRunning, ownMark, processMark, type ProcessMark } from './process-mark.js';
import type { StateDirectory } from './state-directory.js';

export const LOCK_FILE = 'agent.lock';
const REFRESH_MS = 5_000;
/** A holder on another host (a container that shares the volume) is known by its refreshing alone. */
const FOREIGN_STALE_MS = 20_000;

/** One agent per state directory; the lock of a dead process is taken over. */
export class StateLock {
  private constructor(
    private readonly path: string,
    private readonly refresh: NodeJS.Timeout,
  ) {}

  /** @throws AgentError `state-locked` naming the other process */
  static async acquire(state: StateDirectory): Promise<StateLock> {
    const path = state.file(LOCK_FILE);
    for (;;) {
      if (await create(path)) return new StateLock(path, keepFresh(path));
      const holder = await readHolder(path);
      if (holder !== undefined && (await isHeld(path, holder))) {
        const where = holder.host === ownMark().host ? '' : ` on ${holder.host}`;
        throw new AgentError(
          'state-locked',
          `Another agent (process ${holder.pid}${where}) uses the state directory ${state.path}`,
          'Stop that one first, or give this one a directory of its own with --state',
        );
      }
      await rm(path, { force: true });
    }
  }

  async release(): Promise<void> {
    clearInterval(this.refresh);
    await rm(this.path, { force: true });
  }
}

/** The process that holds the lock now, if any. */
export const lockHolder = async (state: StateDirectory): Promise<ProcessMark | undefined> => {
  const path = state.file(LOCK_FILE);
  const holder = await readHolder(path);
  return holder !== undefined && (await isHeld(path, holder)) ? holder : undefined;
};

const create = async (path: string): Promise<boolean> => {
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(JSON.stringify(ownMark()));
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    const advice = 'Give this user the right to write there, or choose another directory with --state';
    throw new AgentError('state-unwritable', `${path} cannot be written`, advice, { cause: error });
  }
};

const readHolder = async (path: string): Promise<ProcessMark | undefined> => {
  try {
    return processMark.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return undefined;
  }
};

const isHeld = async (path: string, holder: ProcessMark): Promise<boolean> => {
  const own = ownMark();
  if (holder.host === own.host) return isRunning(holder);
  const { mtimeMs } = await stat(path);
  return Date.now() - mtimeMs < FOREIGN_STALE_MS;
};

const keepFresh = (path: string): NodeJS.Timeout =>
  setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined);
  }, REFRESH_MS).unref();
