import { mkdtempSync, rmSync, statSync, writeFileSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { StateDirectory } from './state-directory.js';

const ROOT_ONLY = '600 500 0:50 / / rw - overlay overlay rw\n';

describe('StateDirectory', () => {
  let base: string;

  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'adit-state-'));
  });

  afterEach(() => rmSync(base, { recursive: true }));

  it('is private, and so are its files', async () => {
    const path = join(base, 'state');
    mkdirSync(path, { mode: 0o755 });
    const state = await StateDirectory.create({ path, ephemeral: false, declared: false });
    await state.writeJson('a.json', { a: 1 });
    expect([statSync(path).mode & 0o777, statSync(state.file('a.json')).mode & 0o777]).toEqual([0o700, 0o600]);
    expect(await state.readJson('a.json', z.object({ a: z.number() }))).toEqual({ a: 1 });
  });

  it('is refused in a container that would lose it, unless that is wanted', async () => {
    const lost = { path: base, declared: true, mountinfo: ROOT_ONLY };
    await expect(StateDirectory.create({ ...lost, ephemeral: false })).rejects.toMatchObject({
      code: 'state-not-a-volume',
      advice: expect.stringContaining('--ephemeral') as string,
    });
    await StateDirectory.create({ ...lost, ephemeral: true });
  });

  it('is taken in a container from a volume', async () => {
    const mountinfo = `${ROOT_ONLY}601 600 8:1 / ${base} rw - ext4 /dev/sda1 rw\n`;
    const state = await StateDirectory.create({ path: base, ephemeral: false, declared: true, mountinfo });
    expect(state.path).toBe(base);
  });

  it('names a place where it cannot be', async () => {
    const file = join(base, 'file');
    writeFileSync(file, '');
    const path = join(file, 'state');
    await expect(StateDirectory.create({ path, ephemeral: true })).rejects.toMatchObject({ code: 'state-unwritable' });
    await expect(StateDirectory.open(join(base, 'none'))).rejects.toMatchObject({ code: 'state-missing' });
  });

  it.each(['', '{', '{"a":"text"}'])('says which file is damaged: %s', async (content) => {
    const state = await StateDirectory.create({ path: base, ephemeral: true });
    writeFileSync(state.file('a.json'), content);
    await expect(state.readJson('a.json', z.object({ a: z.number() }))).rejects.toMatchObject({
      code: 'state-damaged',
      message: expect.stringContaining('a.json') as string,
    });
  });
});
