import type { Camera } from '../../tools/demo/rest.mjs';
import { Browser, type PlayerPage } from '../harness/browser.js';
import { waitUntil } from '../harness/condition.js';
import type { OnvifDevice } from '../harness/onvif-device.js';
import type { Platform } from '../harness/platform.js';
import { RecordedSite } from '../harness/recorded-site.js';
import { Recording } from '../harness/recording.js';
import { RecordingSocket } from '../harness/recording-socket.js';
import type { Site } from '../harness/site.js';

const START = Date.UTC(2026, 0, 31, 12);
/** 10 s, a gap of 20 s, 60 s. */
const recording = new Recording(START, [
  [0, 10],
  [30, 60],
]);
const at = (seconds: number): number => START + seconds * 1000;

describe('recordings in a browser', () => {
  let platform: Platform;
  let recorded: RecordedSite;
  let recorder: OnvifDevice;
  let site: Site;
  let gate: Camera;
  let yard: Camera;
  let browser: Browser;
  const sockets: RecordingSocket[] = [];

  beforeAll(async () => {
    recorded = await RecordedSite.start(recording);
    ({ platform, site, recorder, gate, yard } = recorded);
    browser = await Browser.start();
  }, 120_000);

  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.close();
  });

  afterAll(async () => {
    await browser?.[Symbol.asyncDispose]();
    await recorded?.[Symbol.asyncDispose]();
  }, 30_000);

  const open = async (): Promise<RecordingSocket> => {
    const socket = RecordingSocket.open(await site.playUrl(gate, 'recording'));
    sockets.push(socket);
    await waitUntil('the recording is open', () => socket.said('recording') !== undefined);
    return socket;
  };

  const positionOf = async ({ page }: PlayerPage): Promise<number> =>
    (Number(await page.evaluate('document.body.dataset.positionMs')) - START) / 1000;

  /** What the page has shown since it was asked last: a busy machine may look too late for a moment that was there. */
  const placesOf = ({ page }: PlayerPage): Promise<number[]> =>
    page.evaluate(`(() => {
      if (!window.watch) {
        const note = () => window.places.push((Number(document.body.dataset.positionMs) - ${START}) / 1000);
        window.places = [];
        window.watch = new MutationObserver(note);
        window.watch.observe(document.body, { attributeFilter: ['data-position-ms'] });
        note();
      }
      return window.places.splice(0);
    })()`);

  const untilAt = (page: PlayerPage, isThere: (seconds: number) => boolean): Promise<void> =>
    waitUntil('the picture is there', async () => (await placesOf(page)).some(isThere));

  const set = (page: PlayerPage, id: string, value: string): Promise<unknown> =>
    page.page.evaluate(
      `{ const one = document.getElementById('${id}'); one.value = '${value}'; one.dispatchEvent(new Event('change')); }`,
    );

  it('come over the socket with every picture in its own time, gaps included, and end', async () => {
    const socket = await open();
    expect(socket.said('recording')).toEqual({ fromMs: at(0), toMs: at(90) });
    socket.send({ seek: 1, at: at(8), keys: false });
    await waitUntil('all was played', () => socket.said('played') === true);
    const times = socket.pieces.map(({ atMs }) => Math.round(atMs));
    const expected = recording.pick(at(8), at(90), false, false).map(({ atMs }) => atMs);
    expect(times).toEqual(expected);
    expect(socket.pieces[0]?.key).toBe(true);
    const epochs = socket.pieces.map(({ atMs, seconds }) => Math.round(atMs - seconds * 1000));
    expect(new Set(epochs)).toEqual(new Set([expected[0]]));
    expect(socket.inits.map(({ mime }) => mime)).toEqual([expect.stringMatching(/^video\/mp4; codecs="avc1\./)]);
  }, 30_000);

  it('are sought without a picture of the old place behind the answer, however quickly', async () => {
    const socket = await open();
    for (let seek = 1; seek <= 20; seek++) socket.send({ seek, at: at(30 + seek * 2), keys: seek === 20 });
    await waitUntil('the last place was played', () => socket.said('played') === true);
    const answered = socket.told.findIndex((message) => message['playing'] === 20);
    expect(answered).toBeGreaterThan(0);
    const late = socket.pieces.filter(({ atMs }) => atMs >= at(69));
    expect(late.length).toBeGreaterThan(5);
    expect(late.every(({ key }) => key)).toBe(true);
  }, 30_000);

  it('wait at the device for a player that takes nothing in', async () => {
    const socket = await open();
    socket.acknowledges = false;
    const before = recorder.replay.sentBytes;
    socket.send({ seek: 1, at: at(30), keys: false });
    await waitUntil('something came', () => socket.pieces.length > 10);
    let seen = -1;
    await waitUntil('nothing comes any more', async () => {
      const last = seen;
      await new Promise((resolve) => setTimeout(resolve, 500));
      seen = socket.pieces.length;
      return last === seen;
    });
    const whole = recording.pick(at(30), at(90), false, false).length;
    const bytes = socket.pieces.reduce((sum, { data }) => sum + data.length, 0);
    process.stdout.write(`held at ${bytes} B of ${recorder.replay.sentBytes - before} B sent\n`);
    if (seen < whole) expect(bytes).toBeLessThan(3 << 20);
    socket.acknowledges = true;
    socket.acknowledgeAll();
    await waitUntil('all was played', () => socket.said('played') === true);
    expect(socket.pieces).toHaveLength(whole);
  }, 30_000);

  it('say what they hold, and refuse a place beyond them without an end', async () => {
    const socket = await open();
    socket.send({ timeline: { from: at(-10), to: at(100) } });
    await waitUntil('the timeline is told', () => socket.said('timeline') !== undefined);
    expect(socket.said('timeline')).toEqual({
      from: at(-10),
      to: at(100),
      cut: false,
      spans: [
        [at(-10), at(0), 'empty'],
        [at(0), at(10), 'recorded'],
        [at(10), at(30), 'empty'],
        [at(30), at(90), 'recorded'],
        [at(90), at(100), 'empty'],
      ],
    });
    socket.send({ timeline: { from: at(10), to: at(0) } });
    await waitUntil('the range is refused', () => JSON.stringify(socket.said('timeline')).includes('invalid-request'));
    socket.send({ seek: 7, at: at(1000), keys: false });
    await waitUntil('the place is refused', () => socket.said('refused') === 7);
    expect(socket.said('code')).toBe('recording-range-outside');
    socket.send({ seek: 8, at: at(85), keys: false });
    await waitUntil('another is played', () => socket.said('played') === true);
    for (const garbage of ['{"seek":1}', '{"seek":-1,"at":0,"keys":true}', '{"timeline":{"from":1}}', '\0']) {
      const other = await open();
      other.send(garbage);
      await waitUntil('it is refused', () => other.closed !== undefined);
      expect([other.said('error'), other.closed]).toEqual(['invalid-request', 4_000]);
    }
    await waitUntil('the recorder is left', () => recorder.replay.sockets.size === 1);
  }, 30_000);

  it('play in the page: place, gap, pause, clock, speed, end', async () => {
    const page = await browser.open(await site.playUrl(gate, 'recording'));
    await page.until('it plays', ({ state, frames }) => state === 'playback' && frames > 10);
    await waitUntil('the timeline is drawn', async () => (await page.page.locator('#spans span').count()) === 2);
    await placesOf(page);
    await set(page, 'clock', await localClock(page, at(8)));
    await untilAt(page, (seconds) => seconds >= 8 && seconds < 10);
    await untilAt(page, (seconds) => seconds >= 30 && seconds < 40);
    expect(await page.page.textContent('#said')).toContain('gap');
    await page.page.click('#pause');
    await page.until('it is paused', ({ state }) => state === 'paused');
    let paused = -1;
    await waitUntil('the place is the one before', async () => {
      const before = paused;
      await new Promise((resolve) => setTimeout(resolve, 400));
      paused = await positionOf(page);
      return before === paused;
    });
    // A picture that stands shows in time alone.
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(await positionOf(page)).toBe(paused);
    await page.page.click('#pause');
    await set(page, 'speed', '4');
    const startedAt = performance.now();
    await untilAt(page, (seconds) => seconds > paused + 8);
    expect(performance.now() - startedAt).toBeLessThan(6_000);
    await set(page, 'speed', '16');
    await page.until('the end is there', ({ state }) => state === 'finished', 20_000);
    const asked = recorder.replay.queries.findLast(({ method }) => method === 'PLAY');
    expect(asked?.headers.get('frames')).toBe('intra');
    await set(page, 'speed', '1');
    await set(page, 'clock', await localClock(page, at(50)));
    await untilAt(page, (seconds) => seconds > 51 && seconds < 60);
    expect(page.errors).toEqual([]);
    await page.page.setViewportSize({ width: 320, height: 640 });
    expect(await page.page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(320);
    await page.page.close();
  }, 90_000);

  it('begin where the address says, and go on there when the redirector was killed', async () => {
    const page = await browser.open(`${await site.playUrl(gate, 'recording')}&at=${new Date(at(40)).toISOString()}`);
    await page.until('it plays', ({ state, frames }) => state === 'playback' && frames > 10);
    await untilAt(page, (seconds) => seconds > 41 && seconds < 60);
    await platform.kill('video-redirector');
    await page.until('the loss is seen', ({ state }) => state !== 'playback');
    await page.until('it plays again', ({ state }) => state === 'playback', 30_000);
    expect(await positionOf(page)).toBeGreaterThan(40.5);
    expect(await positionOf(page)).toBeLessThan(70);
    await page.page.close();
  }, 90_000);

  it('are the live picture where nothing is recorded', async () => {
    const page = await browser.open(`${await site.playUrl(yard, 'recording')}&transport=mse`);
    await page.plays(25);
    await page.page.close();
  }, 60_000);

  it('have no other way into a browser, and say so', async () => {
    const url = new URL(await site.playUrl(gate, 'recording'));
    const headers = { authorization: `Bearer ${url.searchParams.get('ticket')}` };
    const answer = await fetch(`${url.origin}${url.pathname.replace('/play/', '/hls/')}/index.m3u8`, { headers });
    expect([answer.status, await answer.json()]).toMatchObject([501, { code: 'not-implemented' }]);
  }, 20_000);
});

/** As a person types it: in the time zone of the browser. */
const localClock = async (page: PlayerPage, ms: number): Promise<string> => {
  const offset = Number(await page.page.evaluate(`new Date(${ms}).getTimezoneOffset()`));
  return new Date(ms - offset * 60_000).toISOString().slice(0, 19);
};
