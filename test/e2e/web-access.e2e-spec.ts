import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { Camera, Rest } from '../../tools/demo/rest.mjs';
import { Browser } from '../harness/browser.js';
import { waitUntil } from '../harness/condition.js';
import { startGstCamera, type GstCamera } from '../harness/media-peer.js';
import { Platform } from '../harness/platform.js';
import type { Site } from '../harness/site.js';

let platform: Platform;
let site: Site;
let camera: Camera;
let gst: GstCamera;
let rest: Rest;

beforeAll(async () => {
  platform = await Platform.start();
  gst = await startGstCamera();
  site = await platform.createSite('Access site');
  await site.addCamera(gst.url('/cam'), 'Gate');
  await site.run();
  await site.federate();
  [camera] = (await site.cameras('Gate')) as [Camera];
  rest = await platform.signIn();
}, 90_000);

afterAll(async () => {
  await platform?.stop();
  await gst?.stop();
});

interface Issued {
  ticketId: string;
  playUrl: string;
}

const issue = async (body: object = {}): Promise<Issued> =>
  (await rest.call('POST', `/cameras/${camera.id}/view-tickets`, body)) as Issued;

const ticketIn = (url: string): string => new URL(url).searchParams.get('ticket') ?? '';

/** A player in code: what it is told, and what it gets. */
class RawPlayer {
  readonly told: Record<string, unknown>[] = [];
  readonly numbers: number[] = [];
  closed: number | undefined;
  bytes = 0;

  constructor(
    readonly socket: WebSocket,
    ticket: string | undefined,
    readonly acknowledges = true,
  ) {
    socket.on('open', () => ticket !== undefined && socket.send(JSON.stringify({ ticket })));
    socket.on('close', (code) => (this.closed = code));
    socket.on('error', () => undefined);
    socket.on('message', (data: Buffer, isBinary) => this.take(data, isBinary));
  }

  static open(url: string, ticket: string | undefined, acknowledges = true): RawPlayer {
    const address = new URL(url);
    return new RawPlayer(new WebSocket(`ws://${address.host}${address.pathname}/stream`), ticket, acknowledges);
  }

  get error(): unknown {
    return this.told.find((message) => 'error' in message)?.['error'];
  }

  private take(data: Buffer, isBinary: boolean): void {
    if (!isBinary) return void this.told.push(JSON.parse(data.toString()) as Record<string, unknown>);
    this.bytes += data.length;
    if (data[0] !== 2) return;
    this.numbers.push(data.readUInt32BE(4));
    if (this.acknowledges) this.socket.send(JSON.stringify({ ack: data.readUInt32BE(4) }));
  }
}

describe('the right to watch in a browser', () => {
  it.each([
    ['no ticket', '', 'unauthenticated'],
    ['garbage', 'x.y.z', 'ticket-invalid'],
  ])(
    'is refused to %s',
    async (_name, ticket, code) => {
      const { playUrl } = await issue();
      const player = RawPlayer.open(playUrl, ticket);
      await waitUntil('the player is refused', () => Promise.resolve(player.closed !== undefined));
      expect(player).toMatchObject({ error: code, closed: 4_000, bytes: 0 });
    },
    20_000,
  );

  it('is refused to a ticket of another camera, and to messages that are none', async () => {
    const { playUrl } = await issue();
    const other = RawPlayer.open(playUrl.replace(/\/play\/([^/]+)\/[^/?]+/, '/play/$1/other'), ticketIn(playUrl));
    const strange = RawPlayer.open(playUrl, undefined);
    strange.socket.on('open', () => strange.socket.send(Buffer.alloc(100)));
    const large = RawPlayer.open(playUrl, 'x'.repeat(20_000));
    const players = [other, strange, large];
    await waitUntil('all are closed', () => Promise.resolve(players.every(({ closed }) => closed !== undefined)));
    expect(players.map(({ error }) => error)).toEqual(['forbidden', 'unauthenticated', undefined]);
    expect(large.closed).toBe(1009);
  }, 20_000);

  it('ends when the ticket is revoked, and the page says what to do', async () => {
    await using browser = await Browser.start();
    const { playUrl, ticketId } = await issue();
    const page = await browser.open(`${playUrl}&transport=mse`);
    await page.plays(10);
    await rest.call('POST', `/view-tickets/${ticketId}/revoke`, {});
    const over = await page.until('the ticket is over', ({ state }) => state === 'over');
    expect(over.status).toContain('Ticket over');
    expect(await page.page.textContent('#notice')).toContain('Ask for a new one');
  }, 60_000);

  it('is asked of LL-HLS and WHEP too, with a problem document', async () => {
    const { playUrl } = await issue();
    const { origin, pathname } = new URL(playUrl);
    const [hls, whep] = ['/hls/', '/whep/'].map((kind) => origin + pathname.replace('/play/', kind));
    const headers = { authorization: 'Bearer x', 'content-type': 'application/sdp' };
    const answers = [
      await fetch(`${hls}/index.m3u8`),
      await fetch(`${hls}/${'a'.repeat(32)}/live.m3u8`),
      await fetch(whep, { method: 'POST', headers, body: 'v=0' }),
      await fetch(whep, { headers }),
      await fetch(`${origin}/assets/..%2f..%2fpackage.json`),
    ];
    const problems = await Promise.all(answers.map((answer) => answer.json() as Promise<{ code: string }>));
    const codes = answers.map(({ status }, index) => `${status} ${problems[index]?.code}`);
    expect(codes).toEqual([
      '401 unauthenticated',
      '404 not-found',
      '401 ticket-invalid',
      '405 method-not-allowed',
      '404 not-found',
    ]);
    for (const { headers: given } of answers) {
      expect(given.get('content-type')).toBe('application/problem+json');
      expect(given.get('content-security-policy')).toContain("script-src 'self'");
      expect(given.get('referrer-policy')).toBe('no-referrer');
    }
  }, 20_000);

  it('answers an offer that is none with 400', async () => {
    const { playUrl } = await issue();
    const url = playUrl.replace('/play/', '/whep/');
    const headers = { 'content-type': 'application/sdp' };
    for (const body of ['garbage', 'v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\na=rtpmap:96 VP8/90000\r\n']) {
      expect((await fetch(url, { method: 'POST', headers, body })).status).toBe(400);
    }
    const large = await fetch(url, { method: 'POST', headers, body: 'x'.repeat(100_000) });
    expect(large.status).toBe(413);
  }, 20_000);
});

describe('a browser player that is slow', () => {
  it('is cut to keyframes and harms nobody', async () => {
    const { playUrl } = await issue();
    const [slow, healthy] = [false, true].map((does) => RawPlayer.open(playUrl, ticketIn(playUrl), does)) as [
      RawPlayer,
      RawPlayer,
    ];
    await waitUntil('the healthy one has its pictures', () => Promise.resolve(healthy.numbers.length > 125), 30_000);
    expect(slow.numbers.length).toBeLessThan(healthy.numbers.length / 2);
    expect(healthy.numbers).toEqual(healthy.numbers.map((_, index) => index + 1));
    slow.socket.terminate();
    healthy.socket.terminate();
    await once(healthy.socket, 'close');
  }, 60_000);

  it('in a browser on a slow machine stays near the live edge', async () => {
    await using browser = await Browser.start();
    const page = await browser.open(`${(await issue()).playUrl}&transport=mse`);
    await page.plays(25);
    const session = await page.page.context().newCDPSession(page.page);
    await session.send('Emulation.setCPUThrottlingRate', { rate: 6 });
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    await session.send('Emulation.setCPUThrottlingRate', { rate: 1 });
    const after = await page.plays(50, 20_000);
    expect(after.delayMs).toBeLessThan(1_500);
    expect(after.buffered).toBeLessThan(25);
  }, 60_000);
});
