import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SiteCameras } from './site-cameras.js';

const LIST = `
# the entrance
cameras:
  - id: gate
    name: Gate
    streams:
      - url: rtsp://viewer:straw%20berry@192.0.2.10/high # main
        usages: [live]
      - { url: 'rtsp://192.0.2.10/low', username: viewer, password: straw berry }
    recordings:
      onvif: http://192.0.2.20/onvif/device_service
      username: recorder # ask Ann
      password: rasp berry
  - id: yard
    name: Yard
    streams: [{ url: rtsp://192.0.2.11/ }]
`;

const viewer = { username: 'viewer', password: 'straw berry' };

describe('SiteCameras', () => {
  let dir: string;
  let cameras: SiteCameras;
  const text = (): Promise<string> => readFile(cameras.list.path, 'utf8');

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'site-cameras-'));
    cameras = new SiteCameras(dir);
    await writeFile(cameras.list.path, LIST);
  });

  afterEach(() => rm(dir, { recursive: true }));

  const expected = {
    entry: {
      id: 'gate',
      streams: [
        { url: 'rtsp://192.0.2.10/high', ...viewer },
        { url: 'rtsp://192.0.2.10/low', ...viewer },
      ],
      recordings: { onvif: 'http://192.0.2.20/onvif/device_service', username: 'recorder', password: 'rasp berry' },
    },
    fault: undefined,
    hasAccount: true,
  };

  it('moves the accounts of the list into the store; its cameras and comments stay', async () => {
    expect(await cameras.read()).toMatchObject([
      { ...expected, isInList: true },
      { isInList: false, hasAccount: false },
    ]);
    expect(await cameras.moveAccounts()).toEqual(['gate']);
    expect(await cameras.read()).toMatchObject([
      { ...expected, isInList: false },
      { isInList: false, hasAccount: false },
    ]);
    const plain = await text();
    expect(plain).not.toMatch(/viewer|berry|recorder|username|password/);
    for (const comment of ['# the entrance', '# main']) expect(plain).toContain(comment);
    expect(await cameras.moveAccounts()).toEqual([]);
    expect(await text()).toBe(plain);
  });

  it('moves the account of a still picture, whether it is a member or just a URL', async () => {
    const streams = '    streams: [{ url: rtsp://192.0.2.11/ }]\n';
    for (const given of [
      'http://still:pic@192.0.2.11/a.jpg',
      "{ url: 'http://192.0.2.11/a.jpg', username: still, password: pic }",
    ]) {
      await writeFile(cameras.list.path, `cameras:\n  - id: yard\n    name: Yard\n${streams}    snapshot: ${given}\n`);
      expect(await cameras.moveAccounts()).toEqual(['yard']);
      expect(await text()).not.toContain('pic@');
      expect(await text()).not.toContain('password');
      const [yard] = await cameras.read();
      const snapshot = { url: 'http://192.0.2.11/a.jpg', username: 'still', password: 'pic' };
      expect(yard).toMatchObject({ entry: { snapshot }, isInList: false });
    }
  });

  it('can be stopped between store and list, and goes on', async () => {
    const stopped = jest.spyOn(cameras.list, 'withoutAccounts').mockRejectedValueOnce(new Error('killed'));
    await expect(cameras.moveAccounts()).rejects.toThrow('killed');
    stopped.mockRestore();
    expect(await cameras.read()).toMatchObject([expected, {}]);
    expect(await cameras.moveAccounts()).toEqual(['gate']);
    expect(await cameras.read()).toMatchObject([{ ...expected, isInList: false }, {}]);
  });

  it('moves nothing when a camera has two accounts at one host', async () => {
    await writeFile(cameras.list.path, LIST.replace('password: straw berry }', 'password: black berry }'));
    const moving = cameras.moveAccounts();
    await expect(moving).rejects.toMatchObject({ code: 'camera-accounts-differ' });
    await expect(moving).rejects.not.toThrow(/berry|viewer/);
    expect((await cameras.accounts.load()).of('gate', 'http://192.0.2.20/')).toBeUndefined();
  });

  it('uses what somebody wrote into the list since, until that is moved too', async () => {
    await cameras.moveAccounts();
    await writeFile(
      cameras.list.path,
      (await text()).replace('rtsp://192.0.2.10/high', 'rtsp://viewer:newer@192.0.2.10/high'),
    );
    expect((await cameras.read())[0]?.entry.streams.map(({ password }) => password)).toEqual(['newer', 'straw berry']);
    await cameras.moveAccounts();
    expect((await cameras.read())[0]?.entry.streams.map(({ password }) => password)).toEqual(['newer', 'newer']);
  });

  it('changes the account of streams or recordings, and takes what the list said of them', async () => {
    const [{ entry }] = await cameras.read();
    await cameras.change(entry, 'streams', { user: 'new', password: 'one' });
    expect(await text()).not.toMatch(/viewer|straw/);
    expect(await text()).toContain('rasp berry');
    const [gate] = await cameras.read();
    expect(gate?.entry.streams.map(({ username, password }) => [username, password])).toEqual([
      ['new', 'one'],
      ['new', 'one'],
    ]);
    expect(gate?.entry.recordings).toMatchObject({ username: 'recorder' });
    await cameras.change(entry, 'recordings', { user: 'new', password: 'two' });
    expect(await text()).not.toContain('rasp berry');
    expect((await cameras.read())[0]?.entry.recordings).toMatchObject({ username: 'new', password: 'two' });
  });

  it('does not touch the account of a camera that it must not replace', async () => {
    await cameras.moveAccounts();
    const again = { id: 'gate', name: 'Other', streams: [{ url: 'rtsp://192.0.2.10/high' }] };
    await expect(cameras.add(again, { user: 'x', password: 'y' }, false)).rejects.toMatchObject({
      code: 'camera-exists',
    });
    expect((await cameras.read())[0]?.entry.streams[0]).toMatchObject(viewer);
  });

  it('shows a lost key at the cameras that need it, and plays the others', async () => {
    await cameras.moveAccounts();
    await rm(join(dir, 'camera-key.json'));
    const [gate, yard] = await cameras.read();
    expect(gate?.fault).toMatchObject({ code: 'camera-key-lost' });
    expect(yard?.fault).toBeUndefined();
  });

  it('forgets the account of a camera that is removed', async () => {
    await cameras.moveAccounts();
    await cameras.remove('gate');
    expect((await cameras.read()).map(({ entry }) => entry.id)).toEqual(['yard']);
    expect((await cameras.accounts.load()).of('gate', 'rtsp://192.0.2.10/high')).toBeUndefined();
    await expect(cameras.remove('gate')).rejects.toMatchObject({ code: 'camera-unknown' });
  });
});
