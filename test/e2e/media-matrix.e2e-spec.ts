import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Camera } from '../../tools/demo/rest.mjs';
import { freePorts } from '../../tools/launcher/port.mjs';
import { waitUntil } from '../harness/condition.js';
import { play, Player } from '../harness/ffmpeg.js';
import { isRunOf } from '../harness/frame-run.js';
import { startGstCamera, type GstCamera } from '../harness/media-peer.js';
import { canMakeNetworks, createNetwork, type Network } from '../harness/netns.js';
import { OnvifDevice } from '../harness/onvif-device.js';
import { Platform } from '../harness/platform.js';
import { RecordingSocket } from '../harness/recording-socket.js';
import { Recording } from '../harness/recording.js';
import { describeRtsp } from '../harness/rtsp-describe.js';
import { sitePin } from '../harness/site-pin.js';
import { sideBySide } from '../harness/side-by-side.js';
import type { Site } from '../harness/site.js';
import { SliceRecorder } from '../harness/slice-recorder.js';
import { isRunOfSlices, slicesByFfmpeg, slicesOf, slicesOfMp4 } from '../harness/slices.js';
import { WhepReceiver } from '../harness/whep-receiver.js';

const ALLOW = { ADIT_DIRECT_ALLOW_CIDRS: '127.0.0.0/8' };

const networksPossible = canMakeNetworks();
if (!networksPossible) {
  process.stderr.write('SKIPPED: multicast needs a network namespace, that is root with CAP_NET_ADMIN\n');
}

/** Loopback carries UDP here, and the network of its own multicast. */
const networksFile = (gateway: string | undefined): string => `
networks:
  - { name: loopback, cidr: 127.0.0.0/8, transport: udp }
${gateway === undefined ? '' : `  - { name: lan, cidr: ${gateway}/30, transport: multicast }`}
udp: { ports: 47000-47199 }
multicast: { groups: 239.255.9.0/28, port: 46000, ttl: 2 }
`;

const START = Date.UTC(2026, 0, 31, 12);
const recording = new Recording(START, [[0, 4]]);

describe('video of a site', () => {
  const dir = mkdtempSync(join(tmpdir(), 'adit-matrix-'));
  const urls: Record<'direct' | 'tunnel', string> = { direct: '', tunnel: '' };
  let platform: Platform;
  let camera: GstCamera;
  let original: Player;
  let stored: SliceRecorder;
  let site: Site;
  let gate: Camera;
  let recorder: OnvifDevice;
  let network: Network | undefined;
  let directoryPort: number;
  let rtspsPort: number;

  beforeAll(async () => {
    network = networksPossible ? createNetwork() : undefined;
    network?.run('ip', 'route', 'add', '239.0.0.0/8', 'dev', 'uplink');
    writeFileSync(join(dir, 'networks.yaml'), networksFile(network?.gateway));
    const [redirectorPort = 0, ...others] = await freePorts(3);
    [directoryPort = 0, rtspsPort = 0] = others;
    camera = await startGstCamera({ gap: 10 });
    recorder = await OnvifDevice.start(recording);
    platform = await Platform.start({
      extra: {
        federation: ALLOW,
        'video-redirector': {
          ...ALLOW,
          ADIT_RTSP_HOST: '0.0.0.0',
          ADIT_NETWORKS_FILE: join(dir, 'networks.yaml'),
          ADIT_DATA_DIR: join(dir, 'redirector'),
          ADIT_RTSPS_PORT: String(rtspsPort),
        },
      },
    });
    const listen = ['--directory-listen', `127.0.0.1:${directoryPort}`];
    const runArgs = [...listen, '--redirector-listen', `127.0.0.1:${redirectorPort}`];
    site = await platform.createSite('Hamburg Süd', { runArgs });
    const streams = [{ url: camera.url('/cam') }];
    const cameras = [{ id: 'gate', name: 'Gate', streams, recordings: { onvif: recorder.service } }];
    writeFileSync(join(site.stateDir, 'cameras.yaml'), JSON.stringify({ cameras }), { mode: 0o600 });
    await site.run();
    original = new Player(camera.url('/cam'), { copy: true });
    stored = new SliceRecorder(camera.url('/cam'));
    await original.untilFrames(10);
  }, 120_000);

  afterAll(async () => {
    await original?.stop();
    await stored?.stop();
    await platform?.stop();
    await camera?.stop();
    await recorder?.[Symbol.asyncDispose]();
    await network?.remove();
    rmSync(dir, { recursive: true });
  }, 60_000);

  const federate = async (path: 'direct' | 'tunnel'): Promise<string> => {
    if (path === 'tunnel') await site.federate();
    else await site.federate(`127.0.0.1:${directoryPort}`, sitePin(site.stateDir));
    [gate] = (await site.cameras('Gate')) as [Camera];
    return site.viewUrl(gate);
  };

  const inTls = (url: string): string => url.replace(/^rtsp:\/\/127.0.0.1:\d+/, `rtsps://127.0.0.1:${rtspsPort}`);

  /** The pictures that a browser's way has brought, among those that the camera sent at the same time. */
  const areTheCameras = async (seen: () => Promise<string[]>): Promise<void> => {
    const slices = await seen();
    // The newest pictures of a connection that is cut may be there in part.
    const whole = slices.slice(0, -1);
    expect(whole.length).toBeGreaterThan(40);
    await waitUntil('they are stored', () => stored.slices.includes(whole.at(-1) ?? ''));
    expect(isRunOfSlices(whole, stored.slices)).toBe(true);
  };

  const picturesByMse = async (): Promise<string[]> => {
    const socket = RecordingSocket.open(await site.playUrl(gate));
    await waitUntil('pictures are there', () => socket.pieces.length > 80);
    socket.close();
    const pieces = socket.pieces.map(({ data }) => data);
    return slicesOfMp4([socket.inits[0]?.data ?? Buffer.alloc(0), ...pieces]);
  };

  const picturesByWebRtc = async (): Promise<string[]> => {
    await using receiver = new WhepReceiver(await site.playUrl(gate));
    await waitUntil('pictures are there', () => slicesOf(receiver.units).length > 60);
    expect(receiver.largestBytes).toBeLessThanOrEqual(1200);
    return slicesOf(receiver.units);
  };

  const picturesByHls = async (): Promise<string[]> => {
    const url = (await site.playUrl(gate)).replace('/play/', '/hls/').replace('?', '/index.m3u8?');
    const session = (await (await fetch(url)).text()).split('\n').find((line) => /^[^#]/.test(line)) ?? '';
    const playlist = new URL(session, url);
    // ffmpeg knows no parts: it needs whole segments to begin with.
    const segments = async (): Promise<number> => (await (await fetch(playlist)).text()).split('#EXTINF').length - 1;
    await waitUntil('two segments are there', async () => (await segments()) >= 2);
    return slicesByFfmpeg('-i', playlist.href, '-t', '2');
  };

  const multicastHasThem = async (): Promise<void> => {
    const { gateway = '', through = [] } = network ?? {};
    const url = (await site.viewUrl(gate)).replace('127.0.0.1', gateway);
    const seen = await play(url, { seconds: 3, copy: true, transport: 'udp_multicast', through });
    await original.untilFrames(original.frames.length + 25);
    expect(seen.length).toBeGreaterThan(50);
    // By UDP ffmpeg may give away the frame it is in when its socket opens.
    expect(isRunOf(seen.slice(2), original.frames)).toBe(true);
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

    const over = (transport: 'tcp' | 'udp' | 'tls') => async (): Promise<void> => {
      const url = transport === 'tls' ? inTls(urls[path]) : urls[path];
      const seen = await play(url, { seconds: 3, copy: true, transport: transport === 'udp' ? 'udp' : 'tcp' });
      await original.untilFrames(original.frames.length + 25);
      expect(seen.length).toBeGreaterThan(50);
      expect(isRunOf(seen, original.frames)).toBe(true);
    };

    sideBySide(
      {
        'over tcp has the access units of the camera, bit by bit': over('tcp'),
        'over udp has the access units of the camera, bit by bit': over('udp'),
        'over tls has the access units of the camera, bit by bit': over('tls'),
        'by MSE has the pictures of the camera, bit by bit': () => areTheCameras(picturesByMse),
        'by WebRTC has them too': () => areTheCameras(picturesByWebRtc),
        'by LL-HLS has them too': () => areTheCameras(picturesByHls),
      },
      40_000,
    );

    (networksPossible ? it : it.skip)('over multicast has them too', multicastHasThem, 40_000);
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

  describe.each(['direct', 'tunnel'] as const)('of a recording by %s', (path) => {
    const recorded = slicesOf(recording.samples.flatMap(({ units }) => units));

    beforeAll(async () => {
      await federate(path);
    }, 60_000);

    const over = (transport: 'tcp' | 'tls') => async (): Promise<void> => {
      const url = await site.viewUrl(gate, 'recording');
      const input = ['-rtsp_transport', 'tcp', '-i', transport === 'tls' ? inTls(url) : url];
      expect(await slicesByFfmpeg(...input)).toEqual(recorded);
    };
    const byMse = async (): Promise<void> => {
      const socket = RecordingSocket.open(await site.playUrl(gate, 'recording'));
      await waitUntil('it is open', () => socket.said('recording') !== undefined);
      socket.send({ seek: 1, at: START, keys: false });
      await waitUntil('all was played', () => socket.said('played') === true);
      socket.close();
      const pieces = socket.pieces.map(({ data }) => data);
      expect(await slicesOfMp4([socket.inits[0]?.data ?? Buffer.alloc(0), ...pieces])).toEqual(recorded);
    };

    sideBySide(
      {
        'over tcp has the pictures of the recorder, bit by bit, to the end': over('tcp'),
        'over tls has the pictures of the recorder, bit by bit, to the end': over('tls'),
        'by MSE has them too': byMse,
      },
      40_000,
    );
  });
});
