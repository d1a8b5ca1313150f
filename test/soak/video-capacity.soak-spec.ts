import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import type { Camera } from '../../tools/demo/rest.mjs';
import { Browser } from '../harness/browser.js';
import { waitUntil } from '../harness/condition.js';
import { Player } from '../harness/ffmpeg.js';
import { startGstCamera, type GstCamera } from '../harness/media-peer.js';
import { OnvifDevice } from '../harness/onvif-device.js';
import { Platform } from '../harness/platform.js';
import { Recording } from '../harness/recording.js';
import { ReplayProbe } from '../harness/replay-probe.js';
import { describeRtsp } from '../harness/rtsp-describe.js';
import type { Site } from '../harness/site.js';
import { HttpClient } from '../e2e/http-client.js';
import { audited, newOperator, signInFirst } from '../e2e/operators.js';

interface Issued {
  ticketId: string;
  url: string;
  playUrl: string;
  level: number;
}

/** A platform with one site, whose camera `gate` has recordings, and whose redirector has limits. */
class Scene implements AsyncDisposable {
  private constructor(
    readonly platform: Platform,
    readonly site: Site,
    readonly gate: Camera,
    readonly admin: HttpClient,
    readonly undo: (() => Promise<unknown>)[],
  ) {}

  static async start(limits: Record<string, string>): Promise<Scene> {
    const live: GstCamera = await startGstCamera({ pattern: 'snow' });
    const recording = new Recording(Date.UTC(2026, 0, 31, 12), [[0, 600]]);
    const recorder = await OnvifDevice.start(recording, { user: 'viewer', password: 'secret' });
    const platform = await Platform.start({ extra: { 'video-redirector': limits } });
    const site = await platform.createSite('Hamburg');
    const recordings = { onvif: recorder.service, username: 'viewer', password: 'secret' };
    const cameras = [{ id: 'gate', name: 'Gate', streams: [{ url: live.url('/cam') }], recordings }];
    writeFileSync(join(site.stateDir, 'cameras.yaml'), JSON.stringify({ cameras }), { mode: 0o600 });
    await site.run();
    await site.federate();
    const [gate] = (await site.cameras('Gate')) as [Camera];
    const undo = [() => platform.stop(), () => live.stop(), () => recorder[Symbol.asyncDispose]()];
    return new Scene(platform, site, gate, await signInFirst(platform), undo);
  }

  async issue(body: object = {}, client = this.admin): Promise<Issued> {
    const answer = await client.ask<Issued>('POST', `/api/v1/cameras/${this.gate.id}/view-tickets`, body);
    if (answer.status !== 201) throw new Error(`no ticket: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  async url(level = 100, usage = 'live'): Promise<string> {
    return (await this.issue({ level, usage })).url;
  }

  async plays(level?: number): Promise<Player> {
    const player = new Player(await this.url(level), { copy: true });
    await player.untilFrames(5);
    return player;
  }

  /** What ffmpeg says of a stream that it is not given. */
  async refusalTo(level: number): Promise<string> {
    await using player = new Player(await this.url(level), { copy: true });
    if ((await player.end(20_000)) === 0) throw new Error('the player was not refused');
    return player.stderr;
  }

  /** One series of /metrics; NaN when it is not there. */
  async metric(series: string): Promise<number> {
    const port = this.platform.ports.health['video-redirector'];
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    const lines = text.replaceAll(',app="video-redirector"', '').split('\n');
    const line = lines.find((one) => one.startsWith(`${series} `));
    return Number(line?.slice(series.length) ?? NaN);
  }

  untilUsed(kind: 'live' | 'playback', viewers: number, limitMs = 20_000): Promise<void> {
    return waitUntil(
      `${viewers} ${kind} places are in use`,
      async () => (await this.metric(`adit_capacity_used_viewers{kind="${kind}"}`)) === viewers,
      limitMs,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const undo of this.undo) await undo();
  }
}

/** LL-HLS and WebRTC have no connection whose end could be seen. */
const LONGEST_SILENCE_MS = 45_000;

/** An MSE player in code. */
class RawPlayer {
  error: string | undefined;
  closed: number | undefined;
  bytes = 0;
  readonly socket: WebSocket;

  constructor({ playUrl }: Issued) {
    const { host, pathname, searchParams } = new URL(playUrl);
    this.socket = new WebSocket(`ws://${host}${pathname}/stream`);
    this.socket.on('open', () => this.socket.send(JSON.stringify({ ticket: searchParams.get('ticket') })));
    this.socket.on('error', () => undefined);
    this.socket.on('close', (code) => (this.closed = code));
    this.socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) this.bytes += data.length;
      else this.error ??= (JSON.parse(data.toString()) as { error?: string }).error;
    });
  }

  async untilEnd(): Promise<[code: number | undefined, error: string | undefined]> {
    await waitUntil('the player is ended', () => Promise.resolve(this.closed !== undefined));
    return [this.closed, this.error];
  }

  untilPlaying(): Promise<void> {
    return waitUntil('the player has media', () => Promise.resolve(this.bytes > 10_000));
  }
}

describe('a redirector for two live viewers and one of recordings', () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await Scene.start({ ADIT_LIVE_CAPACITY: '2', ADIT_PLAYBACK_CAPACITY: '1' });
  }, 90_000);

  beforeEach(async () => {
    await scene.untilUsed('live', 0);
    await scene.untilUsed('playback', 0);
  }, 40_000);

  afterAll(() => scene?.[Symbol.asyncDispose](), 30_000);

  it('refuses the third ffmpeg with the reason, and serves it once another is killed', async () => {
    await using first = await scene.plays();
    await using second = await scene.plays();
    expect(await scene.refusalTo(100)).toContain('453 Not Enough Bandwidth (live-capacity-exceeded)');
    expect(await describeRtsp(await scene.url())).toMatchObject({ status: 453, code: 'live-capacity-exceeded' });
    const before = second.frames.length;
    await first.stop();
    await scene.untilUsed('live', 1);
    await using third = await scene.plays();
    await second.untilFrames(before + 10);
    expect([second.isPlaying, third.isPlaying]).toEqual([true, true]);
    expect(await scene.metric('adit_capacity_limit_viewers{kind="live"}')).toBe(2);
    expect(await scene.metric('adit_admission_refusals_total{reason="live-capacity-exceeded"}')).toBeGreaterThan(1);
  }, 60_000);

  it('lets a higher level drive out the youngest of the lowest one, and tells each outlet so', async () => {
    await using low = await scene.plays(200);
    const lower = new RawPlayer(await scene.issue({ level: 201 }));
    await lower.untilPlaying();
    await using high = await scene.plays(10);
    expect(await lower.untilEnd()).toEqual([4_000, 'preempted']);
    expect(low.isPlaying).toBe(true);
    const highest = new RawPlayer(await scene.issue({ level: 1 }));
    await highest.untilPlaying();
    await low.end(10_000);
    expect([low.isPlaying, high.isPlaying]).toEqual([false, true]);
    expect(await scene.refusalTo(10)).toContain('(live-capacity-exceeded)');
    expect(await scene.metric('adit_viewers_preempted_total{kind="live"}')).toBe(2);
    expect(await scene.metric('adit_viewers_stopped_total{code="preempted"}')).toBe(2);
    highest.socket.terminate();
    await once(highest.socket, 'close');
  }, 60_000);

  it('refuses MSE, LL-HLS and WebRTC by the same limit, with the code', async () => {
    await using first = await scene.plays();
    await using second = await scene.plays();
    const issued = await scene.issue({ level: 100 });
    expect(await new RawPlayer(issued).untilEnd()).toEqual([4_000, 'live-capacity-exceeded']);
    const { origin, pathname, searchParams } = new URL(issued.playUrl);
    const headers = { authorization: `Bearer ${searchParams.get('ticket')}`, 'content-type': 'application/sdp' };
    const hls = await fetch(`${origin}${pathname.replace('/play/', '/hls/')}/index.m3u8`, { headers });
    const whep = await fetch(origin + pathname.replace('/play/', '/whep/'), { method: 'POST', headers, body: 'v=0' });
    for (const answer of [hls, whep]) {
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
      expect(await answer.json()).toMatchObject({ status: 503, code: 'live-capacity-exceeded' });
    }
    expect([first.isPlaying, second.isPlaying]).toEqual([true, true]);
  }, 60_000);

  it('counts LL-HLS for as long as it comes, and MSE for as long as it takes what it is sent', async () => {
    const index = async (level: number): Promise<Response> =>
      fetch((await scene.issue({ level })).playUrl.replace('/play/', '/hls/').replace('?', '/index.m3u8?'));
    const playlist = await (await index(200)).text();
    await scene.untilUsed('live', 1);
    await using first = await scene.plays(100);
    expect(first.isPlaying).toBe(true);
    expect((await index(200)).status).toBe(503);
    await using second = await scene.plays(100);
    const session = playlist.split('\n').find((line) => line !== '' && !line.startsWith('#')) ?? '';
    const { origin, pathname } = new URL((await scene.issue()).playUrl);
    expect((await fetch(`${origin}${pathname.replace('/play/', '/hls/')}/${session}`)).status).toBe(404);
    await Promise.all([first.stop(), second.stop()]);
    expect((await index(200)).status).toBe(200);
    const mute = new RawPlayer(await scene.issue());
    await mute.untilPlaying();
    mute.socket.pause();
    await scene.untilUsed('live', 2);
    await scene.untilUsed('live', 0, LONGEST_SILENCE_MS);
    mute.socket.terminate();
  }, 90_000);

  it('shows a page that there is no place, and plays there by itself when there is one', async () => {
    await using first = await scene.plays(50);
    await using second = await scene.plays(50);
    await using browser = await Browser.start();
    const page = await browser.open((await scene.issue({ level: 100 })).playUrl);
    const full = await page.until('it is over capacity', ({ state }) => state === 'capacity');
    expect(full.status).toBe('Over capacity (live-capacity-exceeded)');
    await first.stop();
    await page.plays(10, 30_000);
    expect(second.isPlaying).toBe(true);
    await using third = await scene.plays(50);
    await page.until('its place is taken', ({ state }) => state === 'capacity');
    await third.stop();
    await page.plays(10, 30_000);
  }, 90_000);

  it('keeps a page of the highest level with MSE rather than drive anybody out for WebRTC', async () => {
    await using other = await scene.plays(254);
    await using browser = await Browser.start();
    const page = await browser.open((await scene.issue({ level: 1 })).playUrl);
    const whep = page.page.waitForResponse((answer) => answer.url().includes('/whep/'));
    await page.plays(10);
    expect((await whep).status()).toBe(503);
    expect(await page.plays(25)).toMatchObject({ state: 'live', transport: 'mse' });
    expect(other.isPlaying).toBe(true);
    await other.stop();
    const again = await browser.open((await scene.issue({ level: 1 })).playUrl);
    await page.page.close();
    await again.until('WebRTC is there', ({ transport }) => transport === 'webrtc');
    await scene.untilUsed('live', 1);
    await using neighbour = await scene.plays(1);
    await again.page.reload();
    await again.plays(10, 10_000);
    expect(neighbour.isPlaying).toBe(true);
    await neighbour.stop();
    await again.until('WebRTC is there again', ({ transport }) => transport === 'webrtc');
    await browser[Symbol.asyncDispose]();
    const goneAt = performance.now();
    await scene.untilUsed('live', 0, LONGEST_SILENCE_MS);
    process.stdout.write(`WebRTC: free after ${Math.round(performance.now() - goneAt)} ms\n`);
  }, 90_000);

  it('has all places back of players that are killed, and of those that only ask', async () => {
    for (let round = 0; round < 3; round += 1) {
      const players = [await scene.plays(), await scene.plays()];
      await Promise.all(players.map((player) => player.stop()));
      for (let n = 0; n < 3; n += 1) expect((await describeRtsp(await scene.url())).code).toBe('');
      await scene.untilUsed('live', 0);
    }
  }, 60_000);

  it('gives exactly two of ten players that come at once a place', async () => {
    const urls = await Promise.all(Array.from({ length: 10 }, () => scene.url()));
    const players = urls.map((url) => new Player(url, { copy: true }));
    try {
      const isPlaying = async (player: Player): Promise<boolean> =>
        player.untilFrames(10).then(
          () => true,
          () => false,
        );
      const playing = await Promise.all(players.map(isPlaying));
      expect(playing.filter(Boolean)).toHaveLength(2);
      const told = players.filter(({ stderr }) => stderr.includes('(live-capacity-exceeded)'));
      expect(told).toHaveLength(8);
    } finally {
      await Promise.all(players.map((player) => player.stop()));
    }
  }, 60_000);

  it('counts recordings apart, each viewer for as long as it stays, by their levels too', async () => {
    const open = async (level: number): Promise<ReplayProbe> => {
      const probe = await ReplayProbe.open(await scene.url(level, 'recording'));
      await probe.setUp();
      return probe;
    };
    await using live = await scene.plays();
    const [first, second] = [await open(100), await open(100)];
    expect((await first.play()).status).toBe(200);
    await first.until(20);
    await first.ask('PAUSE', {});
    const refused = await second.play();
    expect([refused.status, refused.headers.get('x-error-code')]).toEqual([453, 'playback-capacity-exceeded']);
    const asked = await describeRtsp(await scene.url(100, 'recording'));
    expect([asked.status, asked.code]).toEqual([453, 'playback-capacity-exceeded']);
    const higher = await open(99);
    expect((await higher.play()).status).toBe(200);
    await waitUntil('the one that paused has to go', () => first.closed);
    await higher.until(20);
    higher.socket.resetAndDestroy();
    await scene.untilUsed('playback', 0);
    expect((await second.play()).status).toBe(200);
    await second.until(20);
    expect(live.isPlaying).toBe(true);
    second.close();
  }, 60_000);

  it('lets nobody give a higher level than his own, and records who tried', async () => {
    const { platform, admin, gate } = scene;
    const path = `/api/v1/cameras/${gate.id}/view-tickets`;
    const operator = (await newOperator(platform, admin, ['operator'])).client;
    const viewer = (await newOperator(platform, admin, ['viewer'])).client;
    const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
    const order = { name: 'wall', scopes: ['video:watch'], expiresAt };
    const token = await admin.ask<{ token: string }>('POST', '/api/v1/api-tokens', order);
    const program = new HttpClient(platform.api, token.body.token);
    const callers: [HttpClient, number][] = [
      [admin, 1],
      [operator, 50],
      [viewer, 100],
      [program, 100],
    ];
    for (const [client, own] of callers) {
      expect((await scene.issue({}, client)).level).toBe(own);
      expect((await scene.issue({ level: 254 }, client)).level).toBe(254);
      if (own === 1) continue;
      const { status, body } = await client.ask('POST', path, { level: own - 1 });
      expect([status, body['code']]).toEqual([403, 'forbidden']);
    }
    for (const level of [0, 255, 1.5, '1', null, [1]]) {
      const { status, body } = await admin.ask('POST', path, { level });
      expect([status, body['code']]).toEqual([400, 'invalid-request']);
    }
    const { body: listed } = await admin.ask<{ items: Issued[] }>('GET', '/api/v1/view-tickets?limit=8');
    expect(listed.items.map(({ level }) => level)).toEqual([254, 100, 254, 100, 254, 50, 254, 1]);
    const refusals = await audited(platform, 'view-ticket.refused');
    expect(refusals.map(({ subject, details }) => [subject, details['level'], details['highest']])).toEqual([
      [gate.id, 49, 50],
      [gate.id, 99, 100],
      [gate.id, 99, 100],
    ]);
    expect((await audited(platform, 'view-ticket.issued')).at(-1)?.details['level']).toBe(254);
  }, 30_000);
});

/** The camera sends 0.43 Mbit/s: two of its viewers fit, three do not. */
const CAP_MBIT = 1;

describe('a redirector with a bandwidth cap', () => {
  let scene: Scene;

  beforeAll(async () => {
    const cap = String(CAP_MBIT);
    scene = await Scene.start({ ADIT_LIVE_BANDWIDTH_MBIT: cap, ADIT_PLAYBACK_BANDWIDTH_MBIT: cap });
  }, 90_000);

  afterAll(() => scene?.[Symbol.asyncDispose](), 30_000);

  it('lets as many in as their measured streams fit, and a higher level in the place of the lowest', async () => {
    const used = (): Promise<number> => scene.metric('adit_bandwidth_used_bits_per_second{kind="live"}');
    await using first = await scene.plays();
    expect(await scene.refusalTo(100)).toContain('453 Not Enough Bandwidth (live-bandwidth-exceeded)');
    await waitUntil('the stream is measured', async () => (await used()) < 500_000, 20_000);
    await using second = await scene.plays(150);
    expect(await scene.refusalTo(150)).toContain('(live-bandwidth-exceeded)');
    expect(await used()).toBeLessThan(CAP_MBIT * 1_000_000);
    await using third = await scene.plays(50);
    await second.end(10_000);
    expect([first.isPlaying, second.isPlaying, third.isPlaying]).toEqual([true, false, true]);
    expect(await scene.metric('adit_bandwidth_limit_bits_per_second{kind="live"}')).toBe(CAP_MBIT * 1_000_000);
    expect(await scene.metric('adit_admission_refusals_total{reason="live-bandwidth-exceeded"}')).toBe(2);
  }, 60_000);

  it('counts recordings apart', async () => {
    const probe = await ReplayProbe.open(await scene.url(100, 'recording'));
    await probe.setUp();
    expect((await probe.play()).status).toBe(200);
    await probe.until(20);
    const asked = await describeRtsp(await scene.url(100, 'recording'));
    expect([asked.status, asked.code]).toEqual([453, 'playback-bandwidth-exceeded']);
    probe.close();
    await scene.untilUsed('playback', 0);
    expect((await describeRtsp(await scene.url(100, 'recording'))).status).toBe(200);
  }, 30_000);
});
