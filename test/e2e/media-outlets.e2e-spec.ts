import { createSecureContext } from 'node:tls';
import {
  MulticastGroups,
  Networks,
  RtspSource,
  UdpPorts,
  type DatagramOutlets,
  type Transport,
  type ViewerInfo,
} from '@app/media';
import { createSelfSigned } from '@app/pki';
import { Player } from '../harness/ffmpeg.js';
import { isRunOf } from '../harness/frame-run.js';
import { runPeer, startGstCamera, type Finished, type GstCamera } from '../harness/media-peer.js';
import { canMakeNetworks, Capture, createNetwork, type Network } from '../harness/netns.js';
import { startPair, type PairOptions, type RedirectorPair } from '../harness/redirector-pair.js';
import { describeRtsp } from '../harness/rtsp-describe.js';

const networksPossible = canMakeNetworks();
if (!networksPossible) {
  process.stderr.write('SKIPPED: players on a network of their own need namespaces, that is root with CAP_NET_ADMIN\n');
}

const PACING = { bytesPerMs: 8_000, bucketBytes: 64 << 10 };

/** ffmpeg and GStreamer on another host than the redirector, in a network that carries what each test says. */
(networksPossible ? describe : describe.skip)('players on a network of their own', () => {
  let network: Network;
  let camera: GstCamera;
  let original: Player;
  let pair: RedirectorPair;
  let viewers: ViewerInfo[];
  let refused: string[];
  let groups: MulticastGroups;

  beforeAll(async () => {
    network = createNetwork();
    network.run('ip', 'route', 'add', '239.0.0.0/8', 'dev', 'uplink');
    await startCamera();
  }, 40_000);

  async function startCamera(): Promise<void> {
    camera = await startGstCamera({ gap: 10 });
    original = new Player(camera.url('/cam'), { copy: true });
    await original.untilFrames(5);
  }

  /** gst-rtsp-server shares one pipeline; after an error of it, seen once, nobody gets a picture any more. */
  beforeEach(async () => {
    if ((await describeRtsp(camera.url('/cam'))).status === 200) return;
    process.stdout.write('the camera is broken, and started anew\n');
    await original.stop();
    await camera.stop();
    await startCamera();
  }, 40_000);

  afterEach(() => pair?.close());

  afterAll(async () => {
    await original?.stop();
    await camera?.stop();
    await network?.remove();
  }, 20_000);

  async function start(transport: Transport, options: PairOptions = {}): Promise<void> {
    [viewers, refused] = [[], []];
    groups = new MulticastGroups({ groups: '239.255.9.0/28', port: 46_000, ttl: 2 }, PACING);
    const datagrams: DatagramOutlets = {
      networks: new Networks({ networks: [{ name: 'lan', cidr: `${network.gateway}/30`, transport }], routes: [] }),
      unicast: new UdpPorts(45_000, 45_199),
      multicast: groups,
      pacing: PACING,
    };
    const listener = {
      viewerStarted: (viewer: ViewerInfo) => void viewers.push(viewer),
      offerRefused: (offer: { transport: string; reason: string }) =>
        void refused.push(`${offer.transport} ${offer.reason}`),
    };
    pair = await startPair(new RtspSource(camera.url('/cam')), {
      host: network.gateway,
      datagrams,
      listener,
      ...options,
    });
  }

  /** Plays 30 frames with ffmpeg and compares their access units with the camera's own. */
  async function playWithFfmpeg(transport: 'tcp' | 'udp' | 'udp_multicast' | 'any'): Promise<boolean> {
    await using player = new Player(pair.url, { copy: true, transport, through: network.through });
    await player.untilFrames(30);
    const frames = [...player.frames];
    await original.untilFrames(original.frames.length + 25);
    // By UDP ffmpeg may give away the frame it is in when its socket opens.
    return isRunOf(frames.slice(2), original.frames);
  }

  /** `protocols` of rtspsrc; by default it tries UDP, multicast, TCP. */
  function playWithGstreamer(protocols?: string): Promise<Finished> {
    const [program = '', ...through] = network.through;
    const asked = protocols === undefined ? [] : [`protocols=${protocols}`];
    const source = ['rtspsrc', `location=${pair.url}`, 'latency=100', ...asked];
    const sink = 'application/x-rtp,media=video ! rtph264depay ! h264parse ! avdec_h264 ! fakesink num-buffers=40';
    return runPeer(program, [...through, 'gst-launch-1.0', '-q', ...source, '!', ...sink.split(' ')]);
  }

  it.each([
    ['tcp', 'udp', 'tcp', 'client-choice'],
    ['udp', 'udp', 'udp', 'best-available'],
    ['any', 'udp', 'udp', 'best-available'],
    ['udp_multicast', 'multicast', 'multicast', 'best-available'],
    ['any', 'tcp', 'tcp', 'network-incapable'],
  ] as const)(
    'ffmpeg that asks for %s gets the camera’s access units on a network of %s',
    async (asked, carries, transport, reason) => {
      await start(carries);
      expect(await playWithFfmpeg(asked)).toBe(true);
      expect(viewers).toMatchObject([{ transport, reason, remoteAddress: network.address }]);
    },
    40_000,
  );

  it.each([
    ['tcp', 'tcp', 'udp', 'client-choice', []],
    ['udp', 'udp', 'udp', 'best-available', []],
    ['udp-mcast', 'multicast', 'multicast', 'best-available', []],
    [undefined, 'udp', 'udp', 'best-available', []],
    [undefined, 'tcp', 'tcp', 'network-incapable', ['udp network-incapable', 'multicast network-incapable']],
  ] as const)(
    'GStreamer with protocols %p decodes by %s on a network of %s',
    async (protocols, transport, carries, reason, offers) => {
      await start(carries);
      expect(await playWithGstreamer(protocols)).toMatchObject({ code: 0, stderr: '' });
      expect(viewers).toMatchObject([{ transport, reason }]);
      expect(refused).toEqual(offers);
    },
    40_000,
  );

  it('a player that takes UDP alone is told 461 at once', async () => {
    await start('tcp');
    const startedAt = performance.now();
    const [program = '', ...through] = network.through;
    const args = `ffmpeg -hide_banner -loglevel error -rtsp_transport udp -i ${pair.url} -t 1 -f null -`.split(' ');
    const { code, stderr } = await runPeer(program, [...through, ...args]);
    expect(code).not.toBe(0);
    expect(stderr).toContain('461');
    expect(performance.now() - startedAt).toBeLessThan(3_000);
  }, 20_000);

  it('two multicast players cost one stream on the network, and it ends with them', async () => {
    await start('multicast');
    const options = { copy: true, transport: 'udp_multicast', through: network.through } as const;
    await using first = new Player(pair.url, options);
    await first.untilFrames(20);
    await using second = new Player(pair.url, options);
    await second.untilFrames(20);
    expect([groups.size, pair.cloud.stats.outlets, viewers.length]).toEqual([1, 1, 2]);
    await first.stop();
    const before = second.frames.length;
    await second.untilFrames(before + 20);
    await second.stop();
    await until(() => groups.size === 0 && pair.cloud.stats.outlets === 0);
    await using capture = await Capture.start(network.link, 'udp');
    // That nothing is sent shows in time alone: some twelve pictures of the camera.
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(capture.lines.filter((line) => line.includes('239.255.9.'))).toEqual([]);
  }, 60_000);

  it('by UDP the first packets come in a paced burst that begins with the keyframe', async () => {
    await start('udp');
    await using warm = new Player(pair.url, { copy: true, through: network.through });
    await warm.untilFrames(10);
    expect(await playWithFfmpeg('udp')).toBe(true);
    expect(viewers.at(-1)?.stats.firstKeyMs).toBeLessThan(50);
    expect(viewers.at(-1)?.stats.droppedUnits).toBe(0);
  }, 40_000);

  it('a UDP viewer stays when the link between the redirectors is cut', async () => {
    await start('udp', { cloud: { firstMs: 50, maxMs: 200 } });
    await using player = new Player(pair.url, { copy: true, transport: 'udp', through: network.through });
    await player.untilFrames(20);
    pair.cutLinks();
    const before = player.frames.length;
    await player.untilFrames(before + 30);
    expect(player.isPlaying).toBe(true);
    expect(pair.cloud.stats.opened).toBe(2);
  }, 40_000);
});

describe('RTSPS', () => {
  it('plays for ffmpeg and GStreamer, and lets no RTP out of TLS', async () => {
    const camera = await startGstCamera({ gap: 10 });
    const viewers: ViewerInfo[] = [];
    const networks = new Networks({ networks: [{ name: 'lo', cidr: '127.0.0.0/8', transport: 'udp' }], routes: [] });
    const pair = await startPair(new RtspSource(camera.url('/cam')), {
      datagrams: { networks, unicast: new UdpPorts(45_200, 45_299), pacing: PACING },
      listener: { viewerStarted: (viewer) => void viewers.push(viewer) },
    });
    try {
      const { key, certificate } = await createSelfSigned(['localhost', '127.0.0.1'], 'Adit video', new Date());
      const { port } = await pair.server.listenTls(0, '127.0.0.1', createSecureContext({ key, cert: certificate }));
      const url = `rtsps://127.0.0.1:${port}/cam`;
      for (const transport of ['tcp', 'any'] as const) {
        await using player = new Player(url, { copy: true, transport });
        await player.untilFrames(20);
      }
      const source = `rtspsrc location=${url} latency=100 tls-validation-flags=0`;
      const gst = `-q ${source} ! application/x-rtp,media=video ! rtph264depay ! h264parse ! avdec_h264 ! fakesink num-buffers=30`;
      expect(await runPeer('gst-launch-1.0', gst.split(' '))).toMatchObject({ code: 0 });
      expect(viewers.length).toBe(3);
      expect(viewers.every(({ transport, encrypted }) => transport === 'tcp' && encrypted)).toBe(true);
    } finally {
      await pair.close();
      await camera.stop();
    }
  }, 60_000);
});

async function until(done: () => boolean, limitMs = 5_000): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!done()) {
    if (Date.now() > deadline) throw new Error('not in time');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
