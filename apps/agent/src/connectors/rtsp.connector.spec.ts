import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MediaError } from '@app/media';
import { SiteDirectory } from '../site/site-directory.js';
import { SiteCameras } from './accounts/site-cameras.js';
import { CameraListFile } from './camera-list.file.js';
import type { Probe } from './rtsp-camera.js';
import type { ListListener } from './list-loop.js';
import { RtspConnector } from './rtsp.connector.js';

const ANSWER = { codec: 'H264', width: 1280, height: 720, frameRate: 25, hasAudio: false };
const camera = (id: string, url = `rtsp://192.0.2.1/${id}`) => ({ id, name: id, streams: [{ url }] });

const until = async (directory: SiteDirectory, fulfilled: () => boolean): Promise<void> => {
  const signal = AbortSignal.timeout(4_000);
  while (!fulfilled()) {
    await new Promise<void>((resolve, reject) => {
      const leave = directory.subscribe(() => done());
      const done = (): void => {
        leave();
        resolve();
      };
      signal.addEventListener('abort', () => reject(new Error('it did not come to that in time')));
    });
  }
};

describe('RtspConnector', () => {
  let dir: string;
  let file: CameraListFile;
  let directory: SiteDirectory;
  let connector: RtspConnector;

  const start = async (probe: Probe, listener: ListListener = {}): Promise<void> => {
    connector = new RtspConnector(dir, { watchMs: 10, retryMs: 10, probeMs: 10, probe }, listener);
    await connector.start(directory);
  };

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'connector-'));
    file = new CameraListFile(dir);
    directory = new SiteDirectory();
  });

  afterEach(async () => {
    await connector.close();
    await rm(dir, { recursive: true });
  });

  it('shows a camera at once and its picture once it has answered', async () => {
    await file.put(camera('a'));
    await start(async () => ANSWER);
    expect(directory.find('a')).toMatchObject({ name: 'a' });
    await until(directory, () => directory.find('a')?.state === 'online');
    expect(directory.find('a')?.streams).toEqual([
      {
        usages: ['live', 'recording', 'remote', 'low-res', 'high-res'],
        codec: 'H264',
        width: 1280,
        height: 720,
        frameRate: 25,
      },
    ]);
  });

  it('puts a camera into its area, which is there for as long as a camera is in it', async () => {
    await file.put({ ...camera('a'), area: 'Building 1/Floor 2' });
    await file.put(camera('b'));
    await start(async () => ({ ...ANSWER, hasAudio: true }));
    expect(directory.entities.map(({ remoteId }) => remoteId)).toEqual([
      'area:Building 1',
      'area:Building 1/Floor 2',
      'a',
      'b',
    ]);
    expect(directory.find('a')).toMatchObject({ parentId: 'area:Building 1/Floor 2' });
    await until(directory, () => directory.find('a')?.audio === true);
    await file.put({ ...camera('a'), area: 'Building 1' }, true);
    await until(directory, () => directory.find('area:Building 1/Floor 2') === undefined);
    expect(directory.find('a')?.parentId).toBe('area:Building 1');
    await file.remove('a');
    await until(directory, () => directory.entities.length === 1);
  });

  it('makes a camera that fails offline with the reason, and online again', async () => {
    let answer: () => Promise<typeof ANSWER> = () => Promise.reject(new MediaError('camera-unauthorized', 'no'));
    await file.put(camera('a'));
    await start(() => answer());
    await until(directory, () => directory.find('a')?.state === 'offline');
    expect(directory.find('a')?.stateReason).toBe('camera-unauthorized');
    answer = async () => ANSWER;
    await until(directory, () => directory.find('a')?.state === 'online');
    expect(directory.find('a')?.stateReason).toBe('');
  });

  it('follows edits without a restart', async () => {
    await start(async () => ANSWER);
    await file.put(camera('a'));
    await until(directory, () => directory.find('a') !== undefined);
    await file.put(camera('b'));
    await until(directory, () => directory.find('b') !== undefined);
    await file.remove('a');
    await until(directory, () => directory.find('a') === undefined);
  });

  it('keeps the last good list when an edit is broken, and says so', async () => {
    await file.put(camera('a'));
    const refused = new Promise<string>((resolve) => {
      void start(async () => ANSWER, { listRefused: (code) => resolve(code) });
    });
    await until(directory, () => directory.find('a') !== undefined);
    await writeFile(file.path, 'cameras: [{id: a}]\n');
    expect(await refused).toBe('camera-list-invalid');
    expect(directory.find('a')).toMatchObject({ remoteId: 'a' });
    expect(connector.refusal).toContain('camera-list-invalid');
  });

  it('warns of passwords in the list, and follows when they are moved, changed or cannot be read', async () => {
    const told: string[] = [];
    const listener: ListListener = {
      accountsInList: (cameras) => told.push(`in list: ${cameras.join()}`),
      accountRefused: (id, code) => told.push(`${id}: ${code}`),
    };
    const asked: (string | undefined)[] = [];
    const cameras = new SiteCameras(dir);
    await file.put(camera('a', 'rtsp://viewer:secret@192.0.2.1/a'));
    await start(async (stream) => {
      asked.push(stream.password);
      return ANSWER;
    }, listener);
    await until(directory, () => directory.find('a')?.state === 'online');
    const key = connector.stream('a', 'live')?.key;
    await cameras.moveAccounts();
    await cameras.change(camera('a', 'rtsp://192.0.2.1/a'), 'streams', { user: 'viewer', password: 'other' });
    await until(directory, () => connector.stream('a', 'live')?.key !== key && asked.at(-1) === 'other');
    await rm(join(dir, 'camera-key.json'));
    await until(directory, () => directory.find('a')?.stateReason === 'camera-key-lost');
    expect(directory.find('a')?.state).toBe('offline');
    expect(told).toEqual(['in list: a', 'a: camera-key-lost']);
    expect(new Set(asked)).toEqual(new Set(['secret', 'other']));
  });

  it('gives one key to all who want the same stream, another one after an edit', async () => {
    await file.put(camera('a'));
    await start(async () => ANSWER);
    const key = connector.stream('a', 'live')?.key;
    expect(connector.stream('a', 'recording')?.key).toBe(key);
    await file.put(camera('a', 'rtsp://192.0.2.1/other'), true);
    await until(directory, () => connector.stream('a', 'live')?.key !== key);
    expect(connector.stream('unheard-of', 'live')).toBeUndefined();
  });
});
