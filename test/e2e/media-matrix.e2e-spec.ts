import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../tools/launcher/port.mjs';
import { play, Player } from '../harness/ffmpeg.js';
import { isRunOf } from '../harness/frame-run.js';
import { startGstCamera, type GstCamera } from '../harness/media-peer.js';
import { Platform } from '../harness/platform.js';
import { describeRtsp } from '../harness/rtsp-describe.js';
import { sitePin } from '../harness/site-pin.js';
import type { Site } from '../harness/site.js';

const ALLOW = { ADIT_DIRECT_ALLOW_CIDRS: '127.0.0.0/8' };

/** Loopback carries UDP here; nothing else of this machine does. */
const NETWORKS = `
networks: [{ name: loopback, cidr: 127.0.0.0/8, transport: udp }]
udp: { ports: 47000-47199 }
`;

describe('live video of a site', () => {
  const dir = mkdtempSync(join(tmpdir(), 'adit-matrix-'));
  const urls: Record<'direct' | 'tunnel', string> = { direct: '', tunnel: '' };
  let platform: Platform;
  let camera: GstCamera;
  let original: Player;
  let site: Site;
  let directoryPort: number;
  let rtspsPort: number;

  beforeAll(async () => {
    writeFileSync(join(dir, 'networks.yaml'), NETWORKS);
    const redirectorPort = await freePort();
    [directoryPort, rtspsPort] = [await freePort(), await freePort()];
    camera = await startGstCamera({ gap: 10 });
    platform = await Platform.start({
      extra: {
        federation: ALLOW,
        'video-redirector': {
          ...ALLOW,
          ADIT_NETWORKS_FILE: join(dir, 'networks.yaml'),
          ADIT_DATA_DIR: join(dir, 'redirector'),
          ADIT_RTSPS_PORT: String(rtspsPort),
        },
      },
    });
    const listen = ['--directory-listen', `127.0.0.1:${directoryPort}`];
    const runArgs = [...listen, '--redirector-listen', `127.0.0.1:${redirectorPort}`];
    site = await platform.createSite('Hamburg Süd', { runArgs });
    await site.addCamera(camera.url('/cam'), 'Gate');
    await site.run();
    original = new Player(camera.url('/cam'), { copy: true });
    await original.untilFrames(10);
  }, 120_000);

  afterAll(async () => {
    await original?.stop();
    await platform?.stop();
    await camera?.stop();
    rmSync(dir, { recursive: true });
  }, 60_000);

  const federate = async (path: 'direct' | 'tunnel'): Promise<string> => {
    if (path === 'tunnel') await site.federate();
    else await site.federate(`127.0.0.1:${directoryPort}`, sitePin(site.stateDir));
    const [gate] = await site.cameras('Gate');
    if (!gate) throw new Error('no camera');
    return site.viewUrl(gate);
  };

  /** Lines of the redirector's own figures. */
  const metrics = async (): Promise<string[]> => {
    const response = await fetch(`http://127.0.0.1:${platform.ports.health['video-redirector']}/metrics`);
    const lines = (await response.text()).split('\n').filter((line) => line.startsWith('adit_'));
    return lines.map((line) => line.replace(',app="video-redirector"', ''));
  };

  describe.each(['tunnel', 'direct'] as const)('by %s', (path) => {
    beforeAll(async () => {
      urls[path] = await federate(path);
    }, 60_000);

    it.each(['tcp', 'udp', 'tls'] as const)(
      'over %s has the access units of the camera, bit by bit',
      async (transport) => {
        const url =
          transport === 'tls'
            ? urls[path].replace(/^rtsp:\/\/127.0.0.1:\d+/, `rtsps://127.0.0.1:${rtspsPort}`)
            : urls[path];
        const seen = await play(url, { seconds: 3, copy: true, transport: transport === 'udp' ? 'udp' : 'tcp' });
        await original.untilFrames(original.frames.length + 25);
        expect(seen.length).toBeGreaterThan(50);
        expect(isRunOf(seen, original.frames)).toBe(true);
      },
      40_000,
    );
  });

  it('shows which transports were taken and why', async () => {
    expect(await metrics()).toEqual(
      expect.arrayContaining([
        'adit_viewers_started_total{transport="tcp",reason="client-choice"} 2',
        'adit_viewers_started_total{transport="udp",reason="best-available"} 2',
        'adit_viewers_started_total{transport="tls",reason="client-choice"} 2',
      ]),
    );
  });

  it('refuses multicast, which no network carries, and counts it', async () => {
    const player = new Player(urls.direct, { copy: true, transport: 'udp_multicast' });
    expect(await player.end(10_000)).not.toBe(0);
    expect(player.stderr).toContain('461');
    expect(await metrics()).toContain('adit_rtsp_refused_offers_total{offer="multicast",reason="network-incapable"} 1');
  }, 20_000);

  it('pulls the camera once for viewers of all transports', async () => {
    const transports = ['tcp', 'udp'] as const;
    const all = transports.map((transport) => new Player(urls.direct, { copy: true, transport }));
    try {
      await Promise.all(all.map((player) => player.untilFrames(20)));
      const present = ['adit_viewers{transport="tcp"} 1', 'adit_viewers{transport="udp"} 1', 'adit_hubs{state="up"} 1'];
      expect(await metrics()).toEqual(expect.arrayContaining(present));
    } finally {
      await Promise.all(all.map((player) => player.stop()));
    }
  }, 40_000);

  it('is described to nobody without a ticket, whatever the port', async () => {
    const { pathname } = new URL(urls.direct);
    expect(await describeRtsp(`rtsp://127.0.0.1:${platform.ports.rtsp}${pathname}`)).toMatchObject({ status: 401 });
  });
});
