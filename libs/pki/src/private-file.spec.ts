import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writePrivateFile } from './private-file.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'adit-file-'));
});
afterEach(() => rm(directory, { recursive: true }));

describe('private file', () => {
  it('replaces a readable file by one for its owner only and leaves nothing beside it', async () => {
    const path = join(directory, 'identity.key');
    await writeFile(path, 'old', { mode: 0o644 });
    await writePrivateFile(path, 'new');
    expect(await readFile(path, 'utf8')).toBe('new');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(directory)).toEqual(['identity.key']);
  });

  it('leaves nothing behind when the place cannot be taken', async () => {
    await expect(writePrivateFile(directory, 'new')).rejects.toMatchObject({ syscall: 'rename' });
    await expect(writePrivateFile(join(directory, 'none', 'file'), 'new')).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await readdir(directory)).toEqual([]);
  });
});
