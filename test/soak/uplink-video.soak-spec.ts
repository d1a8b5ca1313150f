import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppProcess } from '../../tools/launcher/app-process.mjs';
import { entryOf } from '../../tools/launcher/cloud.mjs';
import type { Camera } from '../../tools/demo/rest.mjs';
import { freePort } from '../../tools/launcher/port.mjs';
import { Browser, type PlayerPage } from '../harness/browser.js';
import { Player } from '../harness/ffmpeg.js';
import { Platform } from '../harness/platform.js';
import { describeRtsp } from '../harness/rtsp-describe.js';
import type { Site } from '../harness/site.js';

/** The demo camera's streams bring about 1.05 Mbit/s and 0.31 Mbit/s. */
const NARROW = 'limit: 750 kbit/s';
const WIDE = 'limit: unlimited';

let platform: Platform;
let site: Site;
let cameras: AppProcess;
let gate: Camera;
let yard: Camera;
let browser: Browser;

/** The agent reads it again within three seconds. */
const setUplink = (text: string): void => {
  writeFileSync(join(site.stateDir, 'agent.yaml'), `uplink: { ${text} }\n`, { mode: 0o600 });
};

beforeAll(async () => {
  platform = await Platform.start();
  const port = await freePort();
  cameras = new AppProcess({
    name: 'demo-camera',
    entry: entryOf('demo-camera'),
    args: ['--port', String(port)],
    env: {},
    log: (name, line) => platform.note(name, line),
  });
  await cameras.start(20_000);
  site = await platform.createSite('Narrow site');
  setUplink(WIDE);
  const url = (name: string): string => `rtsp://127.0.0.1:${port}/${name}`;
  await site.addCamera(url('high'), 'Gate', url('low'));
  await site.addCamera(url('high'), 'Yard');
  await site.run();
  await site.federate();
  [gate, yard] = (await site.cameras('Gate', 'Yard')) as [Camera, Camera];
  browser = await Browser.start();
}, 90_000);

afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await cameras?.stop();
  await platform?.stop();
}, 30_000);

interface Shown {
  usage: string;
  reason: string;
  width: number;
  status: string;
}

const shown = (page: PlayerPage): Promise<Shown> =>
  page.page.evaluate(`(() => {
    const { usage = '', reason = '' } = document.body.dataset;
    const width = document.querySelector('video:not([hidden])').videoWidth;
    return { usage, reason, width, status: document.getElementById('status').textContent };
  })()`);

const until = async (page: PlayerPage, isSo: (now: Shown) => boolean, limitMs: number): Promise<Shown> => {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const now = await shown(page);
    if (isSo(now)) return now;
    if (Date.now() > deadline) throw new Error(`the page shows ${JSON.stringify(now)} ${page.errors.join('; ')}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

describe('a site whose uplink becomes narrow', () => {
  it('sends viewers of automatic the low resolution before the picture breaks, and the high one again later', async () => {
    const page = await browser.open(`${await site.playUrl(gate, 'automatic')}&transport=mse`);
    const player = new Player(await site.viewUrl(gate, 'automatic'));
    await page.plays(25);
    await player.untilFrames(25);
    expect(await shown(page)).toMatchObject({ usage: 'high-res', reason: '', width: 1280 });
    setUplink(NARROW);
    const low = await until(page, ({ width }) => width === 640, 15_000);
    expect(low).toMatchObject({ usage: 'low-res', reason: 'uplink', status: 'Live · low-res (uplink)' });
    await page.plays(50);
    await player.untilFrames(player.frames.length + 50);
    expect((await page.now()).delayMs).toBeLessThan(1_500);
    setUplink(WIDE);
    const high = await until(page, ({ width }) => width === 1280, 40_000);
    expect(high).toMatchObject({ usage: 'high-res', reason: '', status: 'Live' });
    await page.plays(25);
    await player.untilFrames(player.frames.length + 25);
    await player.stop();
    expect([page.errors, player.stderr]).toEqual([[], '']);
    await page.page.close();
  }, 120_000);

  it.each(['webrtc', 'hls'])(
    'is followed by a page that plays by %s',
    async (transport) => {
      const page = await browser.open(`${await site.playUrl(gate, 'automatic')}&transport=${transport}`);
      await page.plays(25, 30_000);
      setUplink(NARROW);
      await until(page, ({ width }) => width === 640, 20_000);
      const playing = await page.plays(50, 20_000);
      expect(playing).toMatchObject({ state: 'live', transport });
      setUplink(WIDE);
      await until(page, ({ width }) => width === 1280, 40_000);
      await page.plays(25);
      expect(page.errors).toEqual([]);
      await page.page.close();
    },
    120_000,
  );

  it('leaves a viewer of the high resolution with it', async () => {
    const page = await browser.open(`${await site.playUrl(gate, 'high-res')}&transport=mse`);
    await page.plays(25);
    setUplink(NARROW);
    await new Promise((resolve) => setTimeout(resolve, 6_000));
    expect(await shown(page)).toMatchObject({ usage: '', width: 1280 });
    setUplink(WIDE);
    await page.plays(25);
    await page.page.close();
  }, 60_000);
});

describe('a site with a share of its uplink for live video', () => {
  it('refuses what has no room, by a code that reaches players and pages, and admits it when there is room', async () => {
    setUplink('limit: unlimited, live: 1500 kbit/s');
    const player = new Player(await site.viewUrl(yard, 'high-res'));
    await player.untilFrames(150);
    // What the redirector still holds of earlier viewers it may give to others: this usage it does not.
    const refused = await describeRtsp(await site.viewUrl(gate, 'live'));
    expect([refused.status, refused.code]).toEqual([453, 'uplink-live-exceeded']);
    expect(refused.text).toMatch(/^RTSP\/1\.0 453 Not Enough Bandwidth \(uplink-live-exceeded\)/);
    const page = await browser.open(`${await site.playUrl(gate, 'live')}&transport=mse`);
    await page.until('the page says why', ({ state, code }) => state === 'capacity' && code === 'uplink-live-exceeded');
    const small = await browser.open(`${await site.playUrl(gate, 'automatic')}&transport=mse`);
    await small.plays(25);
    expect(await shown(small)).toMatchObject({ usage: 'low-res', reason: 'uplink-share', width: 640 });
    await player.stop();
    await page.plays(25, 40_000);
    await page.page.close();
    await small.page.close();
  }, 120_000);
});
