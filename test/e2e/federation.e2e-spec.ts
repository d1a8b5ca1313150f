import { waitUntil } from '../harness/condition.js';
import { FederationDesk } from '../harness/federation-desk.js';
import { Player, play } from '../harness/ffmpeg.js';
import { startGstCamera, type GstCamera } from '../harness/media-peer.js';
import { Platform } from '../harness/platform.js';
import { RegularSite } from '../harness/regular-site.js';
import { describeRtsp } from '../harness/rtsp-describe.js';
import { RtspTap } from '../harness/rtsp-tap.js';

const ALLOW = { ADIT_DIRECT_ALLOW_CIDRS: '127.0.0.0/8' };

describe('regular federation', () => {
  let platform: Platform;
  let desk: FederationDesk;
  let camera: GstCamera;
  let tap: RtspTap;
  let site: RegularSite;
  let siteId: string;

  beforeAll(async () => {
    platform = await Platform.start({
      apps: ['federation', 'video-redirector'],
      extra: { federation: ALLOW, 'video-redirector': ALLOW },
    });
    desk = new FederationDesk(platform);
    camera = await startGstCamera({ user: 'viewer', password: 'camera-secret' });
    tap = await RtspTap.start(camera.port);
    const streams = [{ url: tap.url('/cam'), username: 'viewer', password: 'camera-secret' }];
    site = await RegularSite.start({ cameras: [{ id: 'front-door', name: 'Front door', streams }] });
    siteId = await desk.createSite('hamburg');
  }, 90_000);

  afterAll(async () => {
    await site?.stop();
    await tap?.[Symbol.asyncDispose]();
    await camera?.stop();
    await desk?.[Symbol.asyncDispose]();
    await platform?.stop();
  }, 30_000);

  it('gives a new site a role that waits for its account', async () => {
    const role = await desk.role(siteId);
    expect(role).toMatchObject({
      siteLabel: 'hamburg',
      state: 'unconfigured',
      enabled: false,
      directoryAddress: 'directory.hamburg.tunnel.adit.internal',
    });
    await expect(desk.change(siteId, { enabled: true })).rejects.toMatchObject({ code: 'role-incomplete' });
  });

  it('refuses a wrong password as such, and connects once it is right', async () => {
    await desk.activate(siteId, site, 'wrong');
    const refused = await desk.untilRole(siteId, 'refused', ({ state }) => state === 'invalid-credentials');
    expect(refused.stateReason).toContain('invalid-credentials');
    await desk.activate(siteId, site);
    const role = await desk.untilRole(siteId, 'connected', ({ state }) => state === 'connected');
    expect(role).toMatchObject({ stateReason: null });
    expect(Math.abs(role.clockSkewMs ?? Number.NaN)).toBeLessThan(2_000);
    expect(Date.parse(role.lastContactAt ?? '')).toBeGreaterThan(Date.now() - 60_000);
  });

  it('shows the cameras of the site with their pictures', async () => {
    const found = await desk.untilOnline(siteId, 'front-door');
    expect(found).toMatchObject({ name: 'Front door', path: 'front-door', siteLabel: 'hamburg', siteId });
    expect(found.streams).toEqual([expect.objectContaining({ codec: 'H264', width: 320, height: 240 })]);
  });

  it('plays a camera to three viewers over one link per usage, and pulls it once', async () => {
    const tickets = await Promise.all([desk.ticket({}), desk.ticket({}), desk.ticket({ usage: 'high-res' })]);
    const plays = await Promise.all(tickets.map(({ url }) => play(url, { seconds: 2 })));
    expect(Math.min(...plays.map((frames) => frames.length))).toBeGreaterThan(40);
    expect(site.redirector.links).toBe(2);
    expect(tap.pulls).toBe(1);
    const metrics = await (await fetch(`http://127.0.0.1:${platform.ports.health['video-redirector']}/metrics`)).text();
    expect(metrics).toMatch(/adit_hubs\{state="up",app="video-redirector"\} 2/);
  });

  it.each([
    ['no ticket', { recorded: false }, (url: string) => url.replace(/\?.*/, ''), 401, 'unauthenticated'],
    ['nonsense', { recorded: false }, (url: string) => url.replace(/=.*/, '=abc'), 401, 'ticket-invalid'],
    ['an unknown ticket', { recorded: false }, String, 401, 'ticket-invalid'],
    ['an expired ticket', { expiresIn: -60 }, String, 401, 'ticket-expired'],
    ['a ticket whose first use is over', { firstUseIn: -60 }, String, 401, 'ticket-expired'],
    ['a ticket for another camera', {}, (url: string) => url.replace('front-door', 'yard'), 403, 'forbidden'],
    ['a ticket for another usage', {}, (url: string) => url.replace('/live', '/low-res'), 403, 'forbidden'],
    ['a camera that is not there', { camera: 'yard' }, String, 404, 'camera-not-found'],
    ['a site that is not there', { site: 'berlin' }, String, 404, 'camera-not-found'],
    ['no stream URL', {}, (url: string) => url.replace('/live', '/best'), 404, 'not-found'],
  ] as const)('answers %s with its own status and code', async (_what, options, bend, status, code) => {
    const { url } = await desk.ticket(options);
    expect(await describeRtsp(bend(url))).toMatchObject({ status, code });
  });

  it('stops the video of a role that is disabled, and goes on under the same viewer once it is enabled', async () => {
    const { url } = await desk.ticket({});
    await using player = new Player(url);
    await player.untilFrames(10);
    await desk.change(siteId, { enabled: false });
    await waitUntil('the site sends no video', () => site.redirector.links === 0);
    await desk.change(siteId, { enabled: true });
    await player.untilFrames(player.frames.length + 50);
    expect(player.isPlaying).toBe(true);
  }, 60_000);

  it('ties a ticket to the address that used it first', async () => {
    const { url } = await desk.ticket({});
    expect(await describeRtsp(url)).toMatchObject({ status: 200 });
    expect(await describeRtsp(url, '127.0.0.2')).toMatchObject({ status: 403, code: 'ticket-used' });
    expect(await describeRtsp(url)).toMatchObject({ status: 200 });
  });

  it('takes a revoked ticket no more, and cuts whoever watches with it', async () => {
    const { url, ticketId } = await desk.ticket({});
    await using player = new Player(url);
    await player.untilFrames(10);
    await desk.revoke(ticketId);
    await player.end(15_000);
    expect(player.frames.length).toBeGreaterThan(10);
    expect(await describeRtsp(url)).toMatchObject({ status: 401, code: 'ticket-revoked' });
  });

  it('follows a camera that is added to the list and one that is taken off', async () => {
    await site.cameras.put({ id: 'yard-2', name: 'Yard', streams: [{ url: 'rtsp://127.0.0.1:9/' }] });
    const list = async (): Promise<string[]> => (await desk.cameras(siteId)).map(({ remoteId }) => remoteId).toSorted();
    await desk.untilRole(siteId, 'richer by one', ({ entityCount }) => entityCount === 2);
    expect(await list()).toEqual(['front-door', 'yard-2']);
    await site.cameras.remove('yard-2');
    await desk.untilRole(siteId, 'poorer by one', ({ entityCount }) => entityCount === 1);
  });

  it('ends the video of a camera that the site takes away, and says so to who comes back', async () => {
    const streams = [{ url: tap.url('/cam'), username: 'viewer', password: 'camera-secret' }];
    await site.cameras.put({ id: 'hall', name: 'Hall', streams });
    await desk.untilOnline(siteId, 'hall');
    const { url } = await desk.ticket({ camera: 'hall' });
    await using player = new Player(url);
    await player.untilFrames(10);
    await site.cameras.remove('hall');
    await waitUntil('who comes is refused', async () => (await describeRtsp(url)).code === 'camera-not-found');
    expect(await describeRtsp(url)).toMatchObject({ status: 404 });
    await waitUntil('who watched is sent away', () => !player.isPlaying, 30_000);
    await site.cameras.put({ id: 'hall', name: 'Hall', streams });
    await desk.untilOnline(siteId, 'hall');
    expect(await describeRtsp(url)).toMatchObject({ status: 200 });
    await site.cameras.remove('hall');
    await desk.untilRole(siteId, 'as before', ({ entityCount }) => entityCount === 1);
  }, 90_000);

  it('keeps a viewer through the death of federation', async () => {
    const { url } = await desk.ticket({});
    await using player = new Player(url);
    await player.untilFrames(10);
    await platform.kill('federation');
    await desk.untilRole(siteId, 'connected again', ({ state }) => state === 'connected');
    await player.untilFrames(player.frames.length + 25);
    expect(player.isPlaying).toBe(true);
  }, 60_000);

  it('tells that a site is unreachable, keeps its cameras listed, and comes back by itself', async () => {
    const [before] = await desk.cameras(siteId);
    const { url } = await desk.ticket({ usage: 'recording' });
    const port = site.server.lanPort;
    await site.server.close();
    const lost = await desk.untilRole(siteId, 'lost', ({ state }) => state === 'connection-failed');
    expect(lost.stateReason).toContain('site-unreachable');
    expect(await desk.cameras(siteId)).toMatchObject([
      { id: before?.id, state: 'unknown', stateReason: lost.stateReason },
    ]);
    expect(await describeRtsp(url)).toMatchObject({ status: 503, code: 'site-unreachable' });
    const streams = [{ url: camera.url('/cam'), username: 'viewer', password: 'camera-secret' }];
    await using other = await RegularSite.start({ port, cameras: [{ id: 'front-door', name: 'Front door', streams }] });
    const foreign = await desk.untilRole(siteId, 'refused by its key', ({ stateReason }) =>
      /pin/.test(stateReason ?? ''),
    );
    expect(foreign.state).toBe('connection-failed');
    await desk.change(siteId, { tlsPin: other.tlsPin });
    await desk.untilRole(siteId, 'connected', ({ state }) => state === 'connected');
    expect((await desk.untilOnline(siteId, 'front-door')).id).toBe(before?.id);
    await desk.change(siteId, { enabled: false });
    await desk.untilRole(siteId, 'disabled', ({ state }) => state === 'disabled');
  }, 60_000);

  it('dials no private address unless the deployment allows it', async () => {
    const id = await desk.createSite('intranet');
    const changes = { directoryAddress: '10.0.0.1:5500', username: 'u', tlsPin: site.tlsPin, enabled: true };
    await desk.change(id, changes, 'x');
    const refused = await desk.untilRole(id, 'refused', ({ state }) => state === 'connection-failed');
    expect(refused.stateReason).toContain('address-not-allowed');
    await desk.change(id, { directoryAddress: 'directory.intranet.tunnel.adit.internal' });
    const offline = await desk.untilRole(id, 'offline', ({ stateReason }) => /offline/.test(stateReason ?? ''));
    expect(offline.stateReason).toContain('site-offline');
  });

  it('is connected to a site whose clock is wrong, and says how much', async () => {
    await using late = await RegularSite.start({ clockOffsetMs: -3_600_000 });
    const id = await desk.createSite('late');
    await desk.activate(id, late);
    const role = await desk.untilRole(id, 'connected', ({ state }) => state === 'connected');
    expect(role.stateReason).toMatch(/^clock-skew: the clock of the site is (?:3600|3599|3601) s behind$/);
    await desk.change(id, { enabled: false });
  });

  it('writes each change into the audit without any password', async () => {
    const rows = await platform.query<{ body: string }>('SELECT body FROM audit_event ORDER BY seq');
    const bodies = rows.map(({ body }) => body);
    expect(bodies.some((body) => body.includes('federation-role.created'))).toBe(true);
    expect(bodies.some((body) => body.includes('"passwordChanged": true'))).toBe(true);
    expect(bodies.join()).not.toMatch(/camera-secret|"right"|"wrong"/);
    const stored = await platform.query<{ password_sealed: Buffer }>('SELECT password_sealed FROM federation_role');
    expect(stored.map((row) => row.password_sealed.toString('latin1')).join()).not.toContain('right');
  });
});
