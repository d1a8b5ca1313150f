import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { OnvifDevice } from '../../../../test/harness/onvif-device.js';
import { PictureServer } from '../../../../test/harness/picture-server.js';
import { Recording } from '../../../../test/harness/recording.js';
import type { SnapshotSource } from '../site/site-connector.js';
import { parseCameraList } from './camera-list.js';
import { snapshotSource } from './snapshots.js';

const never = new AbortController().signal;
const account = { user: 'viewer', password: 'se"cret' };

const sourceOf = (snapshot: unknown, stream: object = { url: 'rtsp://127.0.0.1/live' }): SnapshotSource => {
  const list = { cameras: [{ id: 'gate', name: 'Gate', streams: [stream], snapshot }] };
  const [entry] = parseCameraList(JSON.stringify(list));
  const source = entry && snapshotSource(entry);
  if (!source) throw new Error('no source');
  return source;
};

describe('still pictures of a camera', () => {
  let camera: PictureServer;
  let server: Server;
  let origin: string;

  const start = async (options = {}): Promise<void> => {
    camera = new PictureServer(options);
    server = createServer((request, response) => void camera.serve(request, response)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };

  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const named = { username: account.user, password: account.password };

  it.each<[name: string, options: object, snapshot: (origin: string) => unknown, stream: object]>([
    ['without an account', {}, (at) => `${at}/snapshot.jpg`, {}],
    ['by Digest with the account of its stream', account, (at) => `${at}/snapshot.jpg`, named],
    [
      'by Basic with its own account',
      { ...account, basic: true },
      (at) => ({ url: `${at}/snapshot.jpg`, ...named }),
      {},
    ],
    [
      'with the account in its stream’s URL',
      account,
      (at) => `${at}/snapshot.jpg`,
      { url: 'rtsp://viewer:se%22cret@127.0.0.1/live' },
    ],
    ['after a redirect on the same host', account, (at) => `${at}/moved.jpg`, named],
  ])('come %s', async (_name, options, snapshot, stream) => {
    await start(options);
    const source = sourceOf(snapshot(origin), { url: 'rtsp://127.0.0.1/live', ...stream });
    const { image, takenAt } = await source.take(never);
    expect(image.equals(camera.image)).toBe(true);
    expect(Math.abs(takenAt.getTime() - Date.now())).toBeLessThan(5_000);
  });

  it.each([
    ['/elsewhere.jpg', 'camera-foreign-host'],
    ['/round.jpg', 'camera-refused'],
    ['/page.jpg', 'camera-refused'],
    ['/endless.jpg', 'camera-refused'],
    ['/cut.jpg', 'camera-unreachable'],
    ['/nothing.jpg', 'camera-not-found'],
  ])('at %s are refused with %s', async (path, code) => {
    await start();
    await expect(sourceOf(`${origin}${path}`).take(never)).rejects.toMatchObject({ code });
  });

  it('are refused with a wrong password, which is tried once', async () => {
    await start(account);
    const source = sourceOf({ url: `${origin}/snapshot.jpg`, username: 'viewer', password: 'wrong' });
    const asked = Array.from({ length: 20 }, () => source.take(never));
    for (const one of asked) await expect(one).rejects.toMatchObject({ code: 'camera-unauthorized' });
    expect(camera.requests).toBe(2);
  });

  it('cost the camera one request, whoever asks at the same time or right after', async () => {
    await start();
    camera.delayMs = 50;
    const source = sourceOf(`${origin}/snapshot.jpg`);
    const together = await Promise.all(Array.from({ length: 50 }, () => source.take(never)));
    expect(new Set(together).size).toBe(1);
    await source.take(never);
    expect(camera.given).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await source.take(never);
    expect(camera.given).toBe(2);
  });

  it.each(['http://192.0.2.1/snapshot.jpg', 'http://localhost/snapshot.jpg', 'ftp://127.0.0.1/a.jpg', { url: 'x' }])(
    'are not listed at %j, which is no place of the camera',
    async (snapshot) => {
      await start();
      expect(() => sourceOf(snapshot)).toThrow(/snapshot/);
    },
  );

  it('come of an ONVIF device, which may name another host than its own', async () => {
    await start();
    const recording = new Recording(0, [[0, 1]]);
    for (const options of [account, { ...account, wrongAddress: true }]) {
      await using device = await OnvifDevice.start(recording, options);
      const { image } = await sourceOf({ onvif: device.service, ...named }).take(never);
      expect(image.equals(device.pictures.image)).toBe(true);
    }
    await using without = await OnvifDevice.start(recording, { ...account, unknown: ['GetSnapshotUri'] });
    const none = sourceOf({ onvif: without.service, ...named }).take(never);
    await expect(none).rejects.toMatchObject({ code: 'snapshot-unsupported' });
  });
});
