import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCaTree } from './ca-tree.js';
import { FileKeyStore } from './key-store.js';
import { KeyWrap } from './key-wrap.js';

const secret = randomBytes(32);
const wrap = new KeyWrap({ secret });
const NAMES = ['agent-ca', 'claim-ca', 'keyfile-signing', 'root', 'server-ca'];
let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'adit-keys-'));
});
afterEach(() => rm(directory, { recursive: true }));

const texts = (): Promise<string[]> =>
  Promise.all(NAMES.map((name) => readFile(join(directory, `${name}.key`), 'utf8')));

const open = async (with_: KeyWrap | undefined) => {
  const keys = await FileKeyStore.open(directory, with_);
  return openCaTree(directory, 'test', new Date(), { keys });
};

describe('the keys of the CAs on disk', () => {
  it('are encrypted, readable by their owner only, and open to the same tree', async () => {
    const tree = await open(wrap);
    for (const text of await texts()) {
      expect(text).not.toContain('PRIVATE KEY');
      expect(JSON.parse(text)).toMatchObject({ format: 'adit-ca-key' });
    }
    for (const name of NAMES) expect((await stat(join(directory, `${name}.key`))).mode & 0o777).toBe(0o600);
    const again = await open(new KeyWrap({ secret }));
    expect(again.root.certificate.raw).toEqual(tree.root.certificate.raw);
  });

  it('that are plain are encrypted at the next start, and stay the same keys', async () => {
    const tree = await open(undefined);
    expect((await texts()).every((text) => text.includes('PRIVATE KEY'))).toBe(true);
    const again = await open(wrap);
    expect((await texts()).some((text) => text.includes('PRIVATE KEY'))).toBe(false);
    expect(again.agentCa.certificate.raw).toEqual(tree.agentCa.certificate.raw);
    expect((await readdir(directory)).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('of which a crash left some plain and some encrypted are all encrypted by the next start', async () => {
    await open(undefined);
    const plain = await texts();
    await open(wrap);
    await writeFile(join(directory, 'root.key'), plain[3] ?? '');
    await open(wrap);
    expect((await texts()).some((text) => text.includes('PRIVATE KEY'))).toBe(false);
  });

  it('move under a passphrase when one is set, and are lost on nobody who has not', async () => {
    const tree = await open(wrap);
    const moved = await open(new KeyWrap({ secret, passphrase: 'correct horse' }));
    expect(moved.root.certificate.raw).toEqual(tree.root.certificate.raw);
    for (const text of await texts()) expect(text).toContain('scrypt');
    await expect(open(wrap)).rejects.toMatchObject({ code: 'ca-key-wrong-kek' });
    await open(new KeyWrap({ passphrase: 'correct horse' }));
  });

  it('are not touched under a wrong passphrase, also where some are plain still', async () => {
    await open(undefined);
    const plain = await texts();
    await open(new KeyWrap({ passphrase: 'right' }));
    await writeFile(join(directory, 'agent-ca.key'), plain[0] ?? '');
    const before = await texts();
    const wrong = open(new KeyWrap({ passphrase: 'wrong' }));
    await expect(wrong).rejects.toMatchObject({ code: 'ca-key-wrong-kek' });
    expect(await texts()).toEqual(before);
  });

  it('leave nothing behind of a write that was killed', async () => {
    await open(wrap);
    await writeFile(join(directory, '.root.key.0123456789ab'), 'half of it');
    await open(wrap);
    expect((await readdir(directory)).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('are not made anew where one is damaged or lost', async () => {
    await open(wrap);
    await writeFile(join(directory, 'claim-ca.key'), 'nothing');
    await expect(open(wrap)).rejects.toMatchObject({ code: 'ca-key-damaged' });
    await rm(join(directory, 'claim-ca.key'));
    await expect(open(wrap)).rejects.toMatchObject({ code: 'ca-key-missing' });
  });
});
