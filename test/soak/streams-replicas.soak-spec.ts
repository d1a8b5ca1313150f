import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Camera, Rest } from '../../tools/demo/rest.mjs';
import { waitUntil } from '../harness/condition.js';
import { Player } from '../harness/ffmpeg.js';
import { startGstCamera, type GstCamera } from '../harness/media-peer.js';
import { Platform } from '../harness/platform.js';
import { SecondRedirector } from '../harness/second-redirector.js';
import type { Site } from '../harness/site.js';

interface Stream {
  id: string;
  redirectorId: string;
  client: string | null;
  figures: { units: number };
}

/** A redirector that is silent for so long is dead. */
const DEAD_MS = 10_000;

let platform: Platform;
let second: SecondRedirector;
let site: Site;
let gst: GstCamera;
let camera: Camera;
let rest: Rest;

beforeAll(async () => {
  gst = await startGstCamera();
  platform = await Platform.start();
  second = await SecondRedirector.start(platform);
  rest = await platform.signIn();
  site = await platform.createSite('Twice');
  await site.addCamera(gst.url('/cam'), 'Gate');
  await site.run();
  await site.federate();
  [camera] = (await site.cameras('Gate')) as [Camera];
}, 120_000);

afterAll(async () => {
  await second?.stop();
  await platform?.stop();
  await gst?.stop();
}, 60_000);

const streams = (): Promise<Stream[]> => rest.list<Stream>('/streams');
const listed = async (count: number, limitMs = 15_000): Promise<Stream[]> => {
  let list: Stream[] = [];
  await waitUntil(`${count} are listed`, async () => (list = await streams()).length === count, limitMs);
  return list;
};
const endAll = (): Promise<unknown> => rest.call('POST', '/streams/end', { cameraId: camera.id });

/** A player that says of itself what it likes. */
const playAs = async (url: string, userAgent: Buffer): Promise<Socket> => {
  const { hostname, port, pathname, search } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  const base = `rtsp://${hostname}:${port}${pathname}`;
  const ask = async (text: string): Promise<string> => {
    socket.write(Buffer.concat([Buffer.from(`${text}User-Agent: `), userAgent, Buffer.from('\r\n\r\n')]));
    return String(((await once(socket, 'data')) as [Buffer])[0]);
  };
  const transport = 'Transport: RTP/AVP/TCP;unicast;interleaved=0-1';
  await ask(`DESCRIBE ${base}${search} RTSP/1.0\r\nCSeq: 0\r\n`);
  const setUp = await ask(`SETUP ${base}/trackID=0 RTSP/1.0\r\nCSeq: 1\r\n${transport}\r\n`);
  const session = /^Session: ([^;\r]+)/im.exec(setUp)?.[1] ?? '';
  await ask(`PLAY ${base} RTSP/1.0\r\nCSeq: 2\r\nSession: ${session}\r\n`);
  socket.resume();
  return socket;
};

describe('streams of several redirectors', () => {
  it('are one list, and end together', async () => {
    await using here = new Player(await site.viewUrl(camera), { copy: true });
    await using there = new Player(second.at(await site.viewUrl(camera)), { copy: true });
    await here.untilFrames(5);
    await there.untilFrames(5);
    const list = await listed(2);
    expect(new Set(list.map(({ redirectorId }) => redirectorId)).size).toBe(2);
    expect(await endAll()).toEqual({ ended: 2 });
    expect(await Promise.all([here.end(10_000), there.end(10_000)])).toEqual([0, 0]);
    await listed(0);
  }, 60_000);

  it('are gone with one that hangs, within seconds, and there again with it', async () => {
    await using here = new Player(await site.viewUrl(camera), { copy: true });
    await using there = new Player(second.at(await site.viewUrl(camera)), { copy: true });
    await here.untilFrames(5);
    await there.untilFrames(5);
    const before = await listed(2);
    const hungAt = Date.now();
    second.signal('SIGSTOP');
    try {
      const [left] = (await listed(1, DEAD_MS + 5_000)) as [Stream];
      expect(Date.now() - hungAt).toBeLessThan(DEAD_MS + 3_000);
      const hanging = before.find(({ redirectorId }) => redirectorId !== left.redirectorId);
      await expect(rest.call('POST', `/streams/${hanging?.id}/end`)).rejects.toThrow('404 not-found');
      expect(await rest.call('POST', `/streams/${left.id}/end`)).toEqual({ ended: 1 });
      expect(await here.end(10_000)).toBe(0);
    } finally {
      second.signal('SIGCONT');
    }
    await listed(1);
    expect(await endAll()).toEqual({ ended: 1 });
    expect(await there.end(10_000)).toBe(0);
  }, 60_000);

  it('come back into the list after their redirector was taken for dead for good', async () => {
    await using there = new Player(second.at(await site.viewUrl(camera)), { copy: true });
    await there.untilFrames(5);
    const [stream] = (await listed(1)) as [Stream];
    await platform.query('DELETE FROM redirector WHERE id = $1', [stream.redirectorId]);
    expect(await streams()).toEqual([]);
    expect(await listed(1)).toMatchObject([{ id: stream.id, redirectorId: stream.redirectorId }]);
    await there.stop();
    await listed(0);
  }, 60_000);

  it('are listed whatever their players call themselves, and nobody else is lost with them', async () => {
    const agent = Buffer.concat([
      Buffer.from('\0\x07a'),
      Buffer.from([0xed, 0xa0, 0xbd, 0xff]),
      Buffer.from('😀'.repeat(150)),
    ]);
    const strange = await playAs(await site.viewUrl(camera), agent);
    await using plain = new Player(await site.viewUrl(camera), { copy: true });
    await plain.untilFrames(5);
    const list = await listed(2);
    expect(list.some(({ client }) => client?.includes('Lavf'))).toBe(true);
    strange.destroy();
    await plain.stop();
    await listed(0);
  }, 60_000);

  it('are gone at once with one that stops in order', async () => {
    await using there = new Player(second.at(await site.viewUrl(camera)), { copy: true });
    await there.untilFrames(5);
    const [stream] = (await listed(1)) as [Stream];
    await second.stop();
    expect(await streams()).toEqual([]);
    const rows = await platform.query('SELECT FROM redirector WHERE id = $1', [stream.redirectorId]);
    expect(rows).toEqual([]);
  }, 60_000);
});
