import type { StateDirectory } from '../state/state-directory.js';
import { lockHolder } from '../state/state-lock.js';
import { type Status, status } from './status.js';

export const STATUS_FILE = 'status.json';
/** The writer refreshes more often than this; older means that it hangs. */
export const FRESH_MS = 30_000;

export interface SeenStatus {
  status: Status;
  /** The process that wrote it still runs, holds the lock and writes. */
  alive: boolean;
}

export const readStatus = async (state: StateDirectory, nowMs: number): Promise<SeenStatus | undefined> => {
  const seen = await state.readJson(STATUS_FILE, status);
  if (seen === undefined) return undefined;
  const holder = await lockHolder(state);
  const fresh = Math.abs(nowMs - Date.parse(seen.writtenAt)) < FRESH_MS;
  return { status: seen, alive: fresh && holder?.pid === seen.pid };
};

export const writeStatus = (state: StateDirectory, value: Status): Promise<void> => state.writeJson(STATUS_FILE, value);
