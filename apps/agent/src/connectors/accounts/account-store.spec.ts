import { mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ACCOUNT_KEY_FILE } from './account-key.js';
import { ACCOUNTS_DIR, AccountStore } from './account-store.js';

const url = 'rtsp://192.0.2.1/high';
const account = { user: 'viewer', password: 'straw berry: 100%' };

describe('AccountStore', () => {
  let dir: string;
  let store: AccountStore;
  const file = (camera: string): string => join(dir, ACCOUNTS_DIR, `${camera}.json`);

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'accounts-'));
    store = new AccountStore(dir);
  });

  afterEach(() => rm(dir, { recursive: true }));

  it('gives an account back to its camera at its host and port, and to no other', async () => {
    await store.put('gate', url, account);
    const accounts = await store.load();
    for (const same of [url, 'rtsp://192.0.2.1:554/low?x=1', 'RTSP://192.0.2.1/']) {
      expect(accounts.of('gate', same)).toEqual(account);
    }
    for (const other of ['rtsp://192.0.2.2/high', 'rtsp://192.0.2.1:8554/high', 'http://192.0.2.1/high']) {
      expect(accounts.of('gate', other)).toBeUndefined();
    }
    expect(accounts.of('yard', url)).toBeUndefined();
  });

  it('writes neither user nor password in clear, for nobody but its owner', async () => {
    await store.put('gate', url, account);
    for (const path of [file('gate'), join(dir, ACCOUNT_KEY_FILE)]) {
      expect((await stat(path)).mode & 0o777).toBe(0o600);
      expect(await readFile(path, 'utf8')).not.toMatch(/viewer|straw/);
    }
    expect((await stat(join(dir, ACCOUNTS_DIR))).mode & 0o777).toBe(0o700);
    const [first, second] = [await readFile(file('gate'), 'utf8'), await store.put('gate', url, account)];
    expect(second).toBeUndefined();
    expect(await readFile(file('gate'), 'utf8')).not.toBe(first);
  });

  it('changes its version with every account and with the key', async () => {
    const seen = [await store.version()];
    await store.put('gate', url, account);
    seen.push(await store.version());
    await store.put('gate', url, { ...account, password: 'other' });
    seen.push(await store.version());
    await store.remove('gate');
    seen.push(await store.version());
    await rm(join(dir, ACCOUNT_KEY_FILE));
    seen.push(await store.version());
    expect(new Set(seen).size).toBe(5);
  });

  it('loses nothing and makes one key when many write at once', async () => {
    const cameras = Array.from({ length: 20 }, (_, index) => `camera-${index}`);
    await Promise.all(cameras.map((camera) => new AccountStore(dir).put(camera, url, { user: camera, password: 'p' })));
    const accounts = await store.load();
    expect(cameras.map((camera) => accounts.of(camera, url)?.user)).toEqual(cameras);
    expect((await readdir(dir)).toSorted()).toEqual([ACCOUNTS_DIR, ACCOUNT_KEY_FILE]);
  });

  it.each([
    ['is gone', (path: string) => rm(path)],
    ['is garbage', (path: string) => writeFile(path, 'garbage')],
    ['is empty', (path: string) => writeFile(path, '')],
    ['is of another site', (path: string) => writeFile(path, otherKey)],
    ['is too short', (path: string) => writeFile(path, otherKey.replace(/"key":"[^"]+"/, '"key":"AAAA"'))],
  ])('says that the key %s, and harms no camera without an account', async (_title, lose) => {
    await store.put('gate', url, account);
    await lose(join(dir, ACCOUNT_KEY_FILE));
    const accounts = await store.load();
    expect(() => accounts.of('gate', url)).toThrow(expect.objectContaining({ code: 'camera-key-lost' }));
    expect(accounts.of('yard', url)).toBeUndefined();
  });

  it('begins anew where the key is gone, and leaves the others for the day the key is found', async () => {
    await store.put('gate', url, account);
    await store.put('yard', url, account);
    await rm(join(dir, ACCOUNT_KEY_FILE));
    await store.put('gate', url, { ...account, password: 'new' });
    const accounts = await store.load();
    expect(accounts.of('gate', url)?.password).toBe('new');
    expect(() => accounts.of('yard', url)).toThrow(expect.objectContaining({ code: 'camera-key-lost' }));
  });

  it('does not write over a key that it cannot read', async () => {
    await writeFile(join(dir, ACCOUNT_KEY_FILE), 'garbage');
    await expect(store.put('gate', url, account)).rejects.toMatchObject({ code: 'camera-key-lost' });
    expect(await readFile(join(dir, ACCOUNT_KEY_FILE), 'utf8')).toBe('garbage');
  });

  it.each([
    ['cut short', (text: string) => text.slice(0, text.length / 2)],
    [
      'changed',
      (text: string) => text.replace(/"data": "(.)/, (_all, first) => `"data": "${first === 'A' ? 'B' : 'A'}`),
    ],
    ['pointed to another host', (text: string) => text.replace('192.0.2.1:554', '192.0.2.9:554')],
    ['without a tag', (text: string) => text.replace(/"data": "[^"]+"/, '"data": "AAAA"')],
    ['of another version', (text: string) => text.replace('"v": 1', '"v": 2')],
    ['as large as a disk', (text: string) => text + ' '.repeat(70_000)],
  ])('refuses an account that is %s, without a word of it', async (_title, change) => {
    await store.put('gate', url, account);
    await writeFile(file('gate'), change(await readFile(file('gate'), 'utf8')));
    const accounts = await store.load();
    const at = (where: string) => () => accounts.of('gate', where);
    const asked = _title.startsWith('pointed') ? 'rtsp://192.0.2.9/high' : url;
    expect(at(asked)).toThrow(
      expect.objectContaining({ code: 'camera-account-damaged', message: expect.not.stringMatching(/straw|viewer/) }),
    );
  });

  it('refuses the account of another camera under a new name', async () => {
    await store.put('gate', url, account);
    await rename(file('gate'), file('yard'));
    const moved = await store.load();
    expect(() => moved.of('yard', url)).toThrow(expect.objectContaining({ code: 'camera-account-damaged' }));
    await writeFile(file('yard'), (await readFile(file('yard'), 'utf8')).replace('"gate"', '"yard"'));
    const renamed = await store.load();
    expect(() => renamed.of('yard', url)).toThrow(expect.objectContaining({ code: 'camera-account-damaged' }));
  });

  it('forgets one camera, or everything with the key', async () => {
    await store.put('gate', url, account);
    await store.put('yard', url, account);
    await store.remove('gate');
    await store.remove('unheard-of');
    expect((await store.load()).of('gate', url)).toBeUndefined();
    expect((await store.load()).of('yard', url)).toEqual(account);
    await store.clear();
    expect(await readdir(dir)).toEqual([]);
  });
});

const otherKey = JSON.stringify({
  v: 1,
  keys: [{ id: 'other', createdAt: '2026-01-01T00:00:00Z', key: Buffer.alloc(32, 7).toString('base64') }],
});
