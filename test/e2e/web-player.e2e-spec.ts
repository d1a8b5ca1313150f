import { AppProcess } from '../../tools/launcher/app-process.mjs';
import { entryOf } from '../../tools/launcher/cloud.mjs';
import type { Camera } from '../../tools/demo/rest.mjs';
import { freePort } from '../../tools/launcher/port.mjs';
import { Browser } from '../harness/browser.js';
import { runPeer } from '../harness/media-peer.js';
import { Platform } from '../harness/platform.js';
import type { Site } from '../harness/site.js';

/** From the address to the first picture, on a machine that runs everything. The page itself takes most of it. */
const FIRST_FRAME_MS = 1_500;

let platform: Platform;
let site: Site;
let camera: Camera;
let browser: Browser;
let cameraPort: number;
let cameras: AppProcess;

const startCameras = async (): Promise<AppProcess> => {
  const started = new AppProcess({
    name: 'demo-camera',
    entry: entryOf('demo-camera'),
    args: ['--port', String(cameraPort)],
    env: {},
    log: (name, line) => platform.note(name, line),
  });
  await started.start(20_000);
  return started;
};

beforeAll(async () => {
  platform = await Platform.start();
  cameraPort = await freePort();
  cameras = await startCameras();
  site = await platform.createSite('Browser site');
  await site.addCamera(`rtsp://127.0.0.1:${cameraPort}/low`, 'Gate');
  await site.run();
  await site.federate();
  [camera] = (await site.cameras('Gate')) as [Camera];
  browser = await Browser.start();
}, 90_000);

afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await cameras?.stop();
  await platform?.stop();
});

describe('the page that plays', () => {
  it('shows the camera through the tunnel at once, at the live edge, and forgets the ticket', async () => {
    const url = await site.playUrl(camera);
    const ticket = new URL(url).searchParams.get('ticket') ?? '';
    const cold = await browser.open(`${url}&transport=mse`);
    await cold.plays(25);
    const warm = await browser.open(`${url}&transport=mse`);
    const playing = await warm.plays(50);
    process.stdout.write(`first frame ${playing.firstFrameMs} ms, delay ${playing.delayMs} ms\n`);
    expect(playing.firstFrameMs).toBeLessThan(FIRST_FRAME_MS);
    expect(playing.delayMs).toBeLessThan(1_000);
    expect(playing.transport).toBe('mse');
    expect(warm.page.url()).not.toContain('ticket');
    const later = warm.requested.filter(({ url: asked }) => asked !== `${url}&transport=mse`);
    expect(later.map(({ url: asked }) => asked).join()).not.toContain(ticket);
    expect(warm.requested.map(({ referer }) => referer).filter(Boolean)).toEqual([]);
    expect(platform.lines.filter((line) => line.includes(ticket))).toEqual([]);
    await warm.page.setViewportSize({ width: 320, height: 480 });
    expect(await warm.page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(320);
    await warm.page.reload();
    await warm.plays(10);
    expect(warm.errors).toEqual([]);
    await cold.page.close();
    await warm.page.close();
  }, 60_000);

  it('goes over to WebRTC while it plays, and back when that is cut', async () => {
    const page = await browser.open(await site.playUrl(camera));
    await page.until('the picture runs by MSE', ({ state, transport }) => state === 'live' && transport === 'mse');
    const direct = await page.until('WebRTC is connected', ({ transport }) => transport === 'webrtc');
    expect(direct.state).toBe('live');
    const playing = await page.plays(50);
    process.stdout.write(`WebRTC: delay ${playing.delayMs} ms\n`);
    expect(playing).toMatchObject({ transport: 'webrtc', state: 'live' });
    expect(page.errors).toEqual([]);
    await platform.kill('video-redirector');
    await page.until('MSE has taken over', ({ state, transport }) => state === 'live' && transport === 'mse', 30_000);
    await page.plays(25);
    await page.page.close();
  }, 90_000);

  it('plays by WebRTC where it is told to', async () => {
    const page = await browser.open(`${await site.playUrl(camera)}&transport=webrtc`);
    const playing = await page.plays(50);
    expect(playing).toMatchObject({ transport: 'webrtc', state: 'live' });
    await page.page.close();
  }, 60_000);

  it('plays by LL-HLS where it is told to, close to the live edge', async () => {
    const page = await browser.open(`${await site.playUrl(camera)}&transport=hls`);
    const playing = await page.plays(100, 20_000);
    process.stdout.write(`LL-HLS: first frame ${playing.firstFrameMs} ms, delay ${playing.delayMs} ms\n`);
    expect(playing).toMatchObject({ state: 'live', transport: 'hls' });
    expect(playing.delayMs).toBeLessThan(4_000);
    expect(page.requested.some(({ url }) => /_HLS_part=\d/.test(url))).toBe(true);
    expect(page.requested.slice(1).some(({ url }) => url.includes('ticket'))).toBe(false);
    await page.page.close();
  }, 60_000);

  it('gives LL-HLS to a player that only knows addresses', async () => {
    const url = (await site.playUrl(camera)).replace('/play/', '/hls/').replace('?', '/index.m3u8?');
    const args = ['-v', 'error', '-i', url, '-t', '1', '-f', 'framemd5', '-'];
    const { code, stdout, stderr } = await runPeer('ffmpeg', args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(
      stdout
        .toString()
        .split('\n')
        .filter((line) => /^\d/.test(line)).length,
    ).toBeGreaterThanOrEqual(24);
  }, 60_000);

  it('says that the source is offline, and goes on by itself when it is back', async () => {
    const page = await browser.open(await site.playUrl(camera));
    await page.plays(10);
    await cameras.stop();
    await page.until('the page sees that the camera is away', ({ state }) => state === 'offline');
    cameras = await startCameras();
    await page.plays(25, 30_000);
    await page.page.close();
  }, 60_000);
});
