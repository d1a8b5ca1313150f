import { setTimeout as delay } from 'node:timers/promises';
import { Hub, RtspSource } from '@app/media';
import { startGstCamera, type GstCamera } from '../harness/media-peer.js';
import { canMakeNetworks, createNetwork, type Network } from '../harness/netns.js';
import { startPair, type RedirectorPair } from '../harness/redirector-pair.js';
import { ViewerProbe } from '../harness/viewer-probe.js';

const quick = { firstMs: 50, maxMs: 200 };

describe('a camera that sends by UDP', () => {
  const started: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const stop of started.splice(0).toReversed()) await stop();
  });

  const camera = async (options: Parameters<typeof startGstCamera>[0] = {}): Promise<GstCamera> => {
    const made = await startGstCamera(options);
    started.push(() => made.stop());
    return made;
  };
  const pair = async (source: RtspSource): Promise<RedirectorPair> => {
    const made = await startPair(source, { site: quick, cloud: quick });
    started.push(() => made.close());
    return made;
  };
  const play = async (url: string): Promise<ViewerProbe> => {
    const viewer = await ViewerProbe.play(url);
    started.push(() => viewer.close());
    return viewer;
  };

  it('gives the same payloads as by TCP, picture and sound, and is told what arrived', async () => {
    const { url } = await camera({ user: 'admin', password: 'pass', protocols: 'udp+tcp' });
    const credentials = { user: 'admin', password: 'pass' };
    const redirectors = await pair(new RtspSource(url('/av'), { transport: 'udp', credentials }));
    const direct = await play(url('/av').replace('rtsp://', 'rtsp://admin:pass@'));
    const viewer = await play(redirectors.url);
    await viewer.until(() => viewer.video().length >= 60 && viewer.units.some((unit) => unit.track === 1));
    expect(viewer.gaps).toBe(0);
    const seen = viewer.video().slice(1, 51);
    await direct.until(() => direct.video().includes(seen[49] ?? ''));
    const start = direct.video().indexOf(seen[0] ?? '');
    expect(direct.video().slice(start, start + 50)).toEqual(seen);
    expect(redirectors.site.stats.reception).toMatchObject({ transport: 'udp', lost: 0 });
    expect(redirectors.site.stats.reception?.jitterMs).toBeLessThan(100);
  }, 40_000);

  it('is found by itself when it refuses TCP', async () => {
    const { url } = await camera({ protocols: 'udp' });
    const redirectors = await pair(new RtspSource(url('/cam'), { transport: 'auto' }));
    const viewer = await play(redirectors.url);
    await viewer.until(() => viewer.video().length > 20);
    expect(redirectors.site.stats.reception?.transport).toBe('udp');
    await expect(new RtspSource(url('/cam')).open(silent, new AbortController().signal)).rejects.toMatchObject({
      code: 'camera-transport-refused',
    });
  }, 40_000);

  it('may give sound alone', async () => {
    const { url } = await camera({});
    const hub = new Hub(new RtspSource(url('/sound'), { transport: 'udp' }));
    started.push(() => hub.close());
    const { tracks } = await hub.describe();
    expect(tracks).toMatchObject([{ kind: 'audio', codec: 'PCMA' }]);
    let packets = 0;
    hub.subscribe({ unit: ({ packets: { length } }) => void (packets += length), end: () => undefined });
    for (let waited = 0; packets < 20 && waited < 5_000; waited += 50) await delay(50);
    expect(packets).toBeGreaterThanOrEqual(20);
  }, 40_000);

  it('is followed when it restarts: its viewers stay and go on at a keyframe', async () => {
    const first = await camera();
    const redirectors = await pair(new RtspSource(first.url('/cam'), { transport: 'udp' }));
    const viewer = await play(redirectors.url);
    await viewer.until(() => viewer.video().length > 20);
    await first.stop();
    const before = viewer.units.length;
    await camera({ port: first.port });
    await viewer.until(() => viewer.units.length > before + 20);
    expect([viewer.gaps, viewer.ended]).toEqual([0, undefined]);
    expect(viewer.units.slice(before).find(({ key }) => key)).toBe(viewer.units[before]);
  }, 40_000);

  const networked = canMakeNetworks() ? describe : describe.skip;
  networked('through a network that', () => {
    let network: Network;
    beforeEach(() => {
      network = createNetwork();
      started.push(() => network.remove());
    });

    it('loses packets: viewers see whole pictures, without a gap in the numbers, and the loss is counted', async () => {
      network.run(
        'iptables',
        '-A',
        'OUTPUT',
        '-p',
        'udp',
        '-m',
        'statistic',
        '--mode',
        'nth',
        '--every',
        '40',
        '--packet',
        '7',
        '-j',
        'DROP',
      );
      const { url } = await camera({ through: network.through, address: network.address, gap: 10 });
      const redirectors = await pair(new RtspSource(url('/cam'), { transport: 'udp' }));
      // The camera itself does not lose: what it encoded is known by what comes over TCP.
      const direct = await play(url('/cam'));
      const viewer = await play(redirectors.url);
      await viewer.until(
        () => (redirectors.site.stats.reception?.lost ?? 0) >= 5 && viewer.video().length > 100,
        20_000,
      );
      expect([viewer.gaps, viewer.ended]).toEqual([0, undefined]);
      const last = viewer.video().at(-1) ?? '';
      await direct.until(() => direct.video().includes(last));
      const whole = new Set(direct.video());
      expect(
        viewer
          .video()
          .slice(30)
          .filter((hash) => !whole.has(hash)),
      ).toEqual([]);
      expect(redirectors.site.stats.opened).toBe(1);
    }, 60_000);

    it('swallows all datagrams: the camera is pulled by TCP instead', async () => {
      network.run('iptables', '-A', 'OUTPUT', '-p', 'udp', '-j', 'DROP');
      const { url } = await camera({ through: network.through, address: network.address });
      const { url: asked } = await camera({ protocols: 'udp', through: network.through, address: network.address });
      const source = new RtspSource(asked('/cam'), { transport: 'auto' });
      await expect(source.open(silent, new AbortController().signal)).rejects.toMatchObject({ code: 'camera-silent' });
      await expect(
        new RtspSource(url('/cam'), { transport: 'udp' }).open(silent, new AbortController().signal),
      ).rejects.toMatchObject({ code: 'camera-silent' });
      const redirectors = await pair(new RtspSource(url('/cam'), { transport: 'auto' }));
      const viewer = await play(redirectors.url);
      await viewer.until(() => viewer.video().length > 20);
      expect(redirectors.site.stats.reception?.transport).toBe('tcp');
    }, 60_000);
  });
});

const silent = { unit: () => undefined, report: () => undefined, ended: () => undefined };
