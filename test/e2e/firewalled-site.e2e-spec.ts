import { once } from 'node:events';
import { connect } from 'node:net';
import { startConnectProxy, type ConnectProxy } from '../harness/connect-proxy.js';
import { play, Player } from '../harness/ffmpeg.js';
import { isRunOf } from '../harness/frame-run.js';
import { startGstCamera, type GstCamera } from '../harness/media-peer.js';
import { canMakeNetworks, Capture, createNetwork, refuseRoute, type Network } from '../harness/netns.js';
import { operatorDial } from '../harness/operator-dial.js';
import { Platform } from '../harness/platform.js';
import type { Site, SiteOptions } from '../harness/site.js';

/** The same address in every site's own network; the cloud has no route to it. */
const LAN_ADDRESS = '192.168.77.10';
const CAMERA_PORT = 8654;

interface FirewalledSite {
  network: Network;
  camera: GstCamera;
  site: Site;
}

const networksPossible = canMakeNetworks();
if (!networksPossible) {
  process.stderr.write('SKIPPED: sites behind firewalls need network namespaces, that is root with CAP_NET_ADMIN\n');
}

(networksPossible ? describe : describe.skip)('a site that may open one TCP port and accepts nothing', () => {
  const networks: Network[] = [];
  const sites: FirewalledSite[] = [];
  let platform: Platform;
  let proxy: ConnectProxy;
  let capture: Capture;
  let allowRoute: () => void;

  /** A site whose only way out is that port of the cloud's address. */
  const build = async (
    name: string,
    pattern: string,
    port: number,
    options: SiteOptions = {},
  ): Promise<FirewalledSite> => {
    const network = networks.shift();
    if (!network) throw new Error('no network is left');
    network.run('ip', 'addr', 'add', `${LAN_ADDRESS}/32`, 'dev', 'lo');
    network.allowOnlyTcp(port, publicHost);
    const camera = await startGstCamera({ port: CAMERA_PORT, address: LAN_ADDRESS, pattern, through: network.through });
    const site = await platform.createSite(name, { ...options, through: network.through });
    const built = { network, camera, site };
    sites.push(built);
    await site.addCamera(camera.url('/cam'), 'Gate');
    await site.run();
    await site.federate();
    return built;
  };
  let publicHost = '';

  beforeAll(async () => {
    networks.push(createNetwork(), createNetwork(), createNetwork());
    publicHost = networks[0]?.gateway ?? '';
    allowRoute = refuseRoute(LAN_ADDRESS);
    platform = await Platform.start({ publicHost });
    proxy = await startConnectProxy(publicHost, 'site', 'p:w');
    capture = await Capture.start(networks[0]?.link ?? '', 'ip or ip6 and not icmp6');
    await build('North', 'ball', platform.ports.tunnel);
    await build('South', 'snow', platform.ports.tunnel);
    await build('Proxied', 'pinwheel', proxy.port, {
      env: { HTTPS_PROXY: `http://site:p%3Aw@${publicHost}:${proxy.port}` },
    });
  }, 240_000);

  afterAll(async () => {
    await capture?.stop();
    await platform?.stop();
    await proxy?.stop();
    for (const { camera } of sites) await camera.stop();
    for (const network of [...networks, ...sites.map((built) => built.network)]) await network.remove();
    allowRoute?.();
  }, 60_000);

  const watch = async ({ site, camera, network }: FirewalledSite) => {
    const [gate] = await site.cameras('Gate');
    if (!gate) throw new Error('no camera');
    await using original = new Player(camera.url('/cam'), { copy: true, through: network.through });
    await original.untilFrames(10);
    const seen = await play(await site.viewUrl(gate), { seconds: 5, copy: true });
    await original.untilFrames(original.frames.length + 50);
    return { seen, original: original.frames };
  };

  it('enrols and plays, and its link carries that port’s TCP and nothing else', async () => {
    const [north] = sites;
    if (!north) throw new Error('no site');
    const { seen, original } = await watch(north);
    await capture.stop();
    expect(isRunOf(seen, original)).toBe(true);
    expect(capture.lines.length).toBeGreaterThan(50);
    const tunnel = new RegExp(`[.](${platform.ports.tunnel}) >|> [^ ]*[.]${platform.ports.tunnel}:`);
    // Other programs of this machine, such as browsers, look for devices on each of its links.
    const fromOutside = new RegExp(`IP ${publicHost.replaceAll('.', '[.]')}[.\\d]* > 224[.]0[.]0[.]`);
    const lines = capture.lines.filter((line) => line !== '' && !fromOutside.test(line));
    expect(lines.filter((line) => !/ tcp \d+$/.test(line) || !tunnel.test(line))).toEqual([]);
  }, 60_000);

  it('is never mixed with a site that has the same camera name at the same address', async () => {
    const [north, south] = await Promise.all(sites.slice(0, 2).map((built) => watch(built)));
    if (!north || !south) throw new Error('two sites are needed');
    expect(isRunOf(north.seen, north.original)).toBe(true);
    expect(isRunOf(south.seen, south.original)).toBe(true);
    const ofNorth = new Set(north.original.map((frame) => frame.md5));
    expect(south.seen.filter((frame) => ofNorth.has(frame.md5))).toEqual([]);
  }, 60_000);

  it('enrols and plays through an HTTP proxy that is its only way out', async () => {
    const proxied = sites[2];
    if (!proxied) throw new Error('no site');
    const { seen, original } = await watch(proxied);
    expect(isRunOf(seen, original)).toBe(true);
    expect(new Set(proxy.targets)).toEqual(new Set([`${publicHost}:${platform.ports.tunnel}`]));
  }, 60_000);

  it('keeps its cameras to itself: neither a route nor a dial reaches their ports', async () => {
    const socket = connect({ host: LAN_ADDRESS, port: CAMERA_PORT });
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('EHOSTUNREACH');
    const dials = [
      await operatorDial(platform, 'north', 'camera', 'camera.north.tunnel.adit.internal:554'),
      await operatorDial(platform, 'north', 'redirector', `${LAN_ADDRESS}:${CAMERA_PORT}`),
      await operatorDial(platform, 'north', 'rtsp', 'rtsp.north.tunnel.adit.internal:8654'),
    ];
    expect(dials.map(({ connect: status }) => status).every((status) => status >= 400)).toBe(true);
    expect(dials.map(({ code: refusal }) => refusal)).toEqual([
      'unknown-service',
      expect.any(String),
      'unknown-service',
    ]);
  }, 30_000);
});
