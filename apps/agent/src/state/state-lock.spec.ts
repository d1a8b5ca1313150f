import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ownMark } from './process-mark.js';
import { StateDirectory } from './state-directory.js';
import { LOCK_FILE, lockHolder, StateLock } from './state-lock.js';

describe('StateLock', () => {
  let state: StateDirectory;

  beforeEach(async () => {
    const path = mkdtempSync(join(tmpdir(), 'adit-lock-'));
    state = await StateDirectory.create({ path, ephemeral: true });
  });

  afterEach(() => rmSync(state.path, { recursive: true }));

  const leave = (mark: object): void => writeFileSync(state.file(LOCK_FILE), JSON.stringify(mark));

  it('is held by one and told by its process', async () => {
    const lock = await StateLock.acquire(state);
    expect(await lockHolder(state)).toEqual(ownMark());
    await expect(StateLock.acquire(state)).rejects.toMatchObject({
      code: 'state-locked',
      message: expect.stringContaining(`process ${process.pid}`) as string,
    });
    await lock.release();
    expect(existsSync(state.file(LOCK_FILE))).toBe(false);
  });

  it('is taken over from a process that is gone', async () => {
    const child = spawn(process.execPath, ['-e', ''], { stdio: 'ignore' });
    const { pid } = child;
    await once(child, 'close');
    leave({ pid, host: hostname(), started: '1' });
    await (await StateLock.acquire(state)).release();
  });

  it('is taken over from an earlier process with the same number, as in a restarted container', async () => {
    leave({ ...ownMark(), started: '1' });
    await (await StateLock.acquire(state)).release();
  });

  it('is taken over when it was cut off while it was written', async () => {
    writeFileSync(state.file(LOCK_FILE), '{"pid":');
    await (await StateLock.acquire(state)).release();
  });

  it('is left to another host that keeps it fresh, and taken from one that does not', async () => {
    leave({ pid: 1, host: 'another-container', started: '1' });
    await expect(StateLock.acquire(state)).rejects.toMatchObject({
      message: expect.stringContaining('on another-container') as string,
    });
    const longAgo = new Date(Date.now() - 60_000);
    utimesSync(state.file(LOCK_FILE), longAgo, longAgo);
    await (await StateLock.acquire(state)).release();
  });
});
