import { setTimeout as delay } from 'node:timers/promises';
import { randomUUID } from 'node:crypto';
import type { Camera, Rest } from '../../tools/demo/rest.mjs';
import { Browser } from '../harness/browser.js';
import { waitUntil } from '../harness/condition.js';
import { Player } from '../harness/ffmpeg.js';
import { startGstCamera, type GstCamera } from '../harness/media-peer.js';
import { otherTenant } from '../harness/other-tenant.js';
import { Platform } from '../harness/platform.js';
import type { Site } from '../harness/site.js';

interface Stream {
  id: string;
  user: string;
  siteId: string;
  cameraId: string;
  ticketId: string;
  transport: string;
  reason: string;
  remoteAddress: string;
  client: string | null;
  redirectorId: string;
  startedAt: string;
  figures: { bytes: number; units: number; firstFrameMs: number | null; stalledSeconds: number };
}

let platform: Platform;
let site: Site;
let gst: GstCamera;
let camera: Camera;
let rest: Rest;
let browser: Browser;

beforeAll(async () => {
  gst = await startGstCamera();
  platform = await Platform.start({ ownPostgres: true });
  rest = await platform.signIn();
  site = await platform.createSite('Watched');
  await site.addCamera(gst.url('/cam'), 'Gate');
  await site.run();
  await site.federate();
  [camera] = (await site.cameras('Gate')) as [Camera];
  browser = await Browser.start();
}, 120_000);

afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await platform?.stop();
  await gst?.stop();
}, 60_000);

const streams = (query = ''): Promise<Stream[]> => rest.list<Stream>(`/streams${query}`);
const end = (id: string): Promise<unknown> => rest.call('POST', `/streams/${id}/end`);

/** The list once it is as asked. */
const listed = async (what: string, isSo: (list: Stream[]) => boolean, limitMs = 15_000): Promise<Stream[]> => {
  let list: Stream[] = [];
  await waitUntil(what, async () => isSo((list = await streams())), limitMs);
  return list;
};

const nobody = (): Promise<Stream[]> => listed('nobody is listed', (list) => list.length === 0, 20_000);

describe('running streams', () => {
  afterEach(nobody, 30_000);

  it('are listed with who watches what, how and why so, from an RTSP player and from a page', async () => {
    await using player = new Player(await site.viewUrl(camera), { copy: true });
    await player.untilFrames(10);
    const page = await browser.open(`${await site.playUrl(camera)}&transport=mse`);
    await page.plays(25);
    const list = await listed(
      'both are listed with figures',
      (all) => all.length === 2 && all.every(({ figures }) => figures.units > 0),
    );
    const [mse, rtsp] = list as [Stream, Stream];
    const common = {
      user: 'operator:admin',
      level: 1,
      siteId: site.record.id,
      siteLabel: 'watched',
      cameraId: camera.id,
    };
    expect(mse).toMatchObject({ ...common, transport: 'mse', reason: 'client-choice', kind: 'live', usage: 'live' });
    expect(mse.client).toContain('Chrome');
    expect(rtsp).toMatchObject({ ...common, transport: 'tcp', reason: 'best-available', remoteAddress: '127.0.0.1' });
    expect(rtsp.client).toContain('Lavf');
    expect(rtsp.figures.firstFrameMs).toBeGreaterThanOrEqual(0);
    expect(await rest.call('GET', `/streams/${rtsp.id}`)).toMatchObject({ id: rtsp.id, transport: 'tcp' });
    expect(await streams('?transport=mse')).toMatchObject([{ id: mse.id }]);
    expect(
      await streams(`?siteId=${site.record.id}&cameraId=${camera.id}&user=operator%3Aadmin&kind=live`),
    ).toHaveLength(2);
    expect(await streams(`?cameraId=${randomUUID()}`)).toEqual([]);
    expect(await streams('?kind=playback')).toEqual([]);
    expect((await streams('?limit=1')).map(({ id }) => id)).toEqual([mse.id, rtsp.id]);
    await expect(streams('?transport=pigeon')).rejects.toThrow('400 invalid-request');
    await page.page.close();
  }, 60_000);

  it('end by an operator’s word: the page says so and stays away, and it is on record', async () => {
    const page = await browser.open(`${await site.playUrl(camera)}&transport=mse`);
    await page.plays(10);
    const [stream] = (await listed('the page is listed', (all) => all.length === 1)) as [Stream];
    expect(await end(stream.id)).toEqual({ ended: 1 });
    const shown = await page.until('the page says that it was ended', ({ state }) => state === 'ended');
    expect(shown).toMatchObject({ code: 'ended-by-operator', status: 'Ended by an operator (ended-by-operator)' });
    await expect(end(stream.id)).rejects.toThrow('404 not-found');
    await delay(3_000);
    expect(await streams()).toEqual([]);
    await page.page.reload();
    await page.until('a reload right away is told the same', ({ state }) => state === 'ended');
    await page.page.close();
    const [event] = await rest.list('/audit-events?action=stream.ended');
    expect(event).toMatchObject({
      actor: 'operator:admin',
      subject: stream.id,
      details: { user: 'operator:admin', cameraId: camera.id, ticketId: stream.ticketId, transport: 'mse' },
    });
  }, 60_000);

  it('end for a page that plays by WebRTC, which does not come back by another way', async () => {
    const page = await browser.open(await site.playUrl(camera));
    await page.until(
      'WebRTC is connected',
      ({ transport, state }) => transport === 'webrtc' && state === 'live',
      30_000,
    );
    const [stream] = (await listed('it is listed', (all) => all.length === 1 && all[0]?.transport === 'webrtc')) as [
      Stream,
    ];
    await end(stream.id);
    await page.until('the page says that it was ended', ({ state }) => state === 'ended', 20_000);
    await page.page.close();
  }, 60_000);

  it('end for a page that plays by LL-HLS', async () => {
    const page = await browser.open(`${await site.playUrl(camera)}&transport=hls`);
    await page.plays(25, 20_000);
    const [stream] = (await listed('it is listed', (all) => all.length === 1 && all[0]?.transport === 'hls')) as [
      Stream,
    ];
    await end(stream.id);
    await page.until('the page says that it was ended', ({ state }) => state === 'ended', 20_000);
    await page.page.close();
  }, 60_000);

  it('of an RTSP player end with BYE and a closed connection; two operators at once end it once', async () => {
    await using player = new Player(await site.viewUrl(camera), { copy: true });
    await player.untilFrames(10);
    const [stream] = (await listed('it is listed', (all) => all.length === 1)) as [Stream];
    const outcomes = await Promise.allSettled([end(stream.id), end(stream.id)]);
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(await player.end(10_000)).toBe(0);
    const events = await rest.list<{ subject: string }>('/audit-events?action=stream.ended');
    expect(events.filter(({ subject }) => subject === stream.id)).toHaveLength(1);
  }, 60_000);

  it('end all together, by camera or by user, and no others', async () => {
    await using first = new Player(await site.viewUrl(camera), { copy: true });
    await using second = new Player(await site.viewUrl(camera), { copy: true });
    await first.untilFrames(5);
    await second.untilFrames(5);
    const all = (choice: object): Promise<unknown> => rest.call('POST', '/streams/end', choice);
    expect(await all({ user: 'operator:somebody' })).toEqual({ ended: 0 });
    await expect(all({})).rejects.toThrow('400 invalid-request');
    await expect(all({ siteId: randomUUID() })).rejects.toThrow('404 not-found');
    expect(await all({ cameraId: camera.id, user: 'operator:admin' })).toEqual({ ended: 2 });
    expect(await Promise.all([first.end(10_000), second.end(10_000)])).toEqual([0, 0]);
  }, 60_000);

  it('are another tenant’s neither to see nor to end', async () => {
    await using player = new Player(await site.viewUrl(camera), { copy: true });
    await player.untilFrames(5);
    const [stream] = (await listed('it is listed', (all) => all.length === 1)) as [Stream];
    const { rest: stranger } = await otherTenant(platform);
    expect(await stranger.list('/streams')).toEqual([]);
    await expect(stranger.call('GET', `/streams/${stream.id}`)).rejects.toThrow('404 not-found');
    await expect(stranger.call('POST', `/streams/${stream.id}/end`)).rejects.toThrow('404 not-found');
    expect(await stranger.call('POST', '/streams/end', { user: 'operator:admin' })).toEqual({ ended: 0 });
    expect(await streams()).toHaveLength(1);
  }, 60_000);

  it('show how good they are, by camera', async () => {
    await using player = new Player(await site.viewUrl(camera), { copy: true });
    await player.untilFrames(60);
    const quality = (): Promise<{ sources: Record<string, unknown>[] }> =>
      rest.call('GET', `/cameras/${camera.id}/stream-quality`) as Promise<{ sources: Record<string, unknown>[] }>;
    await waitUntil('the source is measured', async () => (await quality()).sources[0]?.['delayMs'] !== null, 25_000);
    const [source] = (await quality()).sources;
    expect(source).toMatchObject({ usage: 'live', lostPackets: 0 });
    expect(source?.['framesPerSecond']).toBeGreaterThan(5);
    expect(source).toMatchObject({ hop: { droppedUnits: expect.any(Number) as number } });
    expect(source?.['quality']).toMatchObject({ windowSeconds: 600 });
    await expect(rest.call('GET', `/cameras/${randomUUID()}/stream-quality`)).rejects.toThrow('404 camera-not-found');
  }, 60_000);
});

describe('the figures of the redirector', () => {
  const figures = async (): Promise<Map<string, number>> => {
    const answer = await fetch(`http://127.0.0.1:${platform.ports.health['video-redirector']}/metrics`);
    const lines = [...(await answer.text()).matchAll(/^(adit_\w+)\{([^}]*)\} (\S+)$/gm)];
    for (const [, name, labels = ''] of lines) expect(`${name} ${labels}`).not.toMatch(/gate|watched|camera=|site=/i);
    return new Map(lines.map(([, name = '', , value]) => [name, Number(value)]));
  };

  it('count what sites sent, and what they were spared, and name no camera', async () => {
    const before = await figures();
    await using first = new Player(await site.viewUrl(camera), { copy: true });
    await first.untilFrames(30);
    await using second = new Player(await site.viewUrl(camera), { copy: true });
    await second.untilFrames(5);
    const now = await figures();
    const rise = (name: string): number => (now.get(name) ?? NaN) - (before.get(name) ?? NaN);
    expect(rise('adit_upstream_bytes_total')).toBeGreaterThan(1_000);
    expect(rise('adit_pulls_saved_total')).toBeGreaterThanOrEqual(1);
    expect(rise('adit_upstream_lost_packets_total')).toBe(0);
    expect(now.get('adit_hop_ack_p95_seconds')).toBeLessThan(1);
  }, 60_000);
});

describe('when something dies', () => {
  it('a redirector that is killed takes its streams from the list, and a player that is killed its own', async () => {
    await using player = new Player(await site.viewUrl(camera), { copy: true });
    await player.untilFrames(5);
    const [stream] = (await listed('it is listed', (all) => all.length === 1)) as [Stream];
    await platform.kill('video-redirector');
    await nobody();
    await expect(end(stream.id)).rejects.toThrow('404 not-found');
    await using next = new Player(await site.viewUrl(camera), { copy: true });
    await next.untilFrames(5);
    const [again] = (await listed('the new one is listed', (all) => all.length === 1)) as [Stream];
    expect(again.redirectorId).not.toBe(stream.redirectorId);
    await next.stop();
    await nobody();
  }, 90_000);

  it('nothing ends while PostgreSQL is away, everybody watches on, and the list is right again after it', async () => {
    await using player = new Player(await site.viewUrl(camera), { copy: true });
    await player.untilFrames(5);
    const [stream] = (await listed('it is listed', (all) => all.length === 1)) as [Stream];
    await platform.killPostgres();
    const before = player.frames.length;
    await player.untilFrames(before + 20);
    await listed('it is listed again', (all) => all.length === 1 && all[0]?.id === stream.id, 20_000);
    expect(await end(stream.id)).toEqual({ ended: 1 });
    expect(await player.end(10_000)).toBe(0);
    await nobody();
  }, 90_000);
});
