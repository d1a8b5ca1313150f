import type { Camera } from '../../tools/demo/rest.mjs';
import { Browser, type PlayerPage } from '../harness/browser.js';
import { waitUntil } from '../harness/condition.js';
import { loudness } from '../harness/loudness.js';
import { startGstCamera, type GstCamera } from '../harness/media-peer.js';
import { Platform } from '../harness/platform.js';
import type { Site } from '../harness/site.js';

const NAMES = ['av', 'aac', 'opus', 'bframes', 'h265'] as const;
type Name = (typeof NAMES)[number];

describe('what a camera sends, in a browser', () => {
  let platform: Platform;
  let gst: GstCamera;
  let site: Site;
  let browser: Browser;
  const cameras = new Map<Name, Camera>();

  beforeAll(async () => {
    gst = await startGstCamera();
    platform = await Platform.start();
    site = await platform.createSite('Sound site');
    for (const name of NAMES) await site.addCamera(gst.url(`/${name}`), name);
    await site.run();
    await site.federate();
    const found = await site.cameras(...NAMES);
    for (const [index, camera] of found.entries()) cameras.set(NAMES[index] ?? 'av', camera);
    browser = await Browser.start();
  }, 120_000);

  afterAll(async () => {
    await browser?.[Symbol.asyncDispose]();
    await platform?.stop();
    await gst?.stop();
  }, 30_000);

  const open = async (name: Name, more = ''): Promise<PlayerPage> =>
    browser.open(`${await site.playUrl(cameras.get(name) as Camera)}${more}`);

  const isHeard = (page: PlayerPage): Promise<void> =>
    waitUntil('the sound is heard', async () => (await loudness(page)) > 0.05);

  const note = ({ page }: PlayerPage): Promise<string | null> => page.textContent('#sound-note');

  it.each(['av', 'opus'] as const)(
    'of %s is heard by WebRTC, to which the page goes over',
    async (name) => {
      const page = await open(name);
      await page.until('WebRTC is connected', ({ transport }) => transport === 'webrtc');
      await page.plays(25);
      await isHeard(page);
      expect(await page.page.isVisible('#sound')).toBe(true);
      expect(await note(page)).toBe('');
      await page.page.click('#sound');
      const muted = `[...document.querySelectorAll('video')].map((one) => one.muted)`;
      expect(await page.page.evaluate(muted)).toEqual([true, false]);
      expect(page.errors).toEqual([]);
      await page.page.close();
    },
    60_000,
  );

  it.each(['aac', 'opus'] as const)(
    'of %s is heard by MSE',
    async (name) => {
      const page = await open(name, '&transport=mse');
      await page.plays(25);
      await isHeard(page);
      await page.page.close();
    },
    60_000,
  );

  it('of G.711 is not heard by MSE, and the page says so', async () => {
    const page = await open('av', '&transport=mse');
    await page.plays(25);
    expect(await note(page)).toContain('G.711, which browsers do not play by MSE');
    expect(await page.page.isVisible('#sound')).toBe(false);
    await page.page.close();
  }, 60_000);

  it('of AAC keeps the page with MSE, and the page says why', async () => {
    const page = await open('aac');
    await page.plays(100);
    expect((await page.now()).transport).toBe('mse');
    expect(await note(page)).toContain('AAC, which WebRTC does not carry');
    expect(page.requested.filter(({ url }) => url.includes('/whep/'))).toEqual([]);
    await page.page.close();
  }, 60_000);

  it('with B-frames plays by MSE and is never given to WebRTC', async () => {
    const page = await open('bframes');
    await page.plays(100);
    expect((await page.now()).transport).toBe('mse');
    expect(page.requested.filter(({ url }) => url.includes('/whep/'))).toHaveLength(1);
    await page.page.close();
    const direct = await open('bframes', '&transport=webrtc');
    const refused = await direct.until('it is refused', ({ state }) => state === 'unsupported');
    expect(refused).toMatchObject({ code: 'stream-not-playable', frames: 0 });
    await direct.page.close();
  }, 60_000);

  it('as H.265 is not decoded by this browser, which the page says by its code', async () => {
    const page = await open('h265');
    const refused = await page.until('it is refused', ({ state }) => state === 'unsupported');
    expect(refused).toMatchObject({ code: 'codec-unsupported', frames: 0 });
    expect(refused.status).toBe('Not playable here (codec-unsupported)');
    expect(await page.page.textContent('#notice')).toContain('no decoder');
    await page.page.close();
  }, 60_000);
});
