import { FakeSource } from '../../test/fake-source.js';
import type { AccessUnit, SenderReport } from '../access-unit.js';
import { MediaError } from '../errors.js';
import { Hub, type Outlet } from '../hub/hub.js';
import type { Rendition } from '../rendition.js';
import { AutomaticFeed } from './automatic-feed.js';
import { RenditionControl, renditionDefaults } from './rendition-control.js';

class Viewer implements Outlet {
  readonly units: AccessUnit[] = [];
  readonly renditions: Rendition[] = [];
  readonly reports: SenderReport[] = [];
  ended: string | undefined;

  unit(unit: AccessUnit): void {
    this.units.push(unit);
  }

  rendition(rendition: Rendition): void {
    this.renditions.push(rendition);
  }

  report(report: SenderReport): void {
    this.reports.push(report);
  }

  end(error: MediaError): void {
    this.ended = error.code;
  }

  /** Breaks of the sequence numbers. */
  get breaks(): number {
    const packets = this.units.flatMap((unit) => unit.packets);
    const isBreak = (packet: Buffer, before: Buffer): boolean =>
      packet.readUInt16BE(2) !== ((before.readUInt16BE(2) + 1) & 0xffff);
    return packets.slice(1).filter((packet, index) => isBreak(packet, packets[index])).length;
  }
}

const poll = async (done: () => boolean): Promise<void> => {
  while (!done()) await new Promise((resolve) => setTimeout(resolve, 2));
};

describe('AutomaticFeed', () => {
  let sources: { high: FakeSource; low: FakeSource };
  let hubs: { high: Hub; low: Hub };
  let control: RenditionControl;
  let feed: AutomaticFeed;
  let viewer: Viewer;

  const start = async (lowTracks = 1, isLow = false): Promise<void> => {
    sources = { high: new FakeSource(), low: new FakeSource({ tracks: lowTracks, everyMs: 0 }) };
    hubs = { high: new Hub(sources.high), low: new Hub(sources.low) };
    control = new RenditionControl(renditionDefaults, undefined, isLow);
    feed = new AutomaticFeed({
      high: { usage: 'high-res', hub: hubs.high },
      low: { usage: 'low-res', hub: hubs.low },
      control,
      switchTimeoutMs: 200,
    });
    viewer = new Viewer();
    await feed.describe();
    feed.subscribe(viewer);
  };

  afterEach(() => Promise.all([hubs.high.close(), hubs.low.close()]));

  const send = (source: FakeSource, ...keys: boolean[]): void => keys.forEach((key) => source.send(key));

  it('goes over at a keyframe of the other stream, with numbers that go on, and back', async () => {
    await start();
    send(sources.high, true, false, false);
    const down = feed.move('uplink');
    await poll(() => hubs.low.stats.outlets === 1);
    send(sources.low, false, false);
    send(sources.high, false);
    expect(viewer.units.map(({ key }) => key)).toEqual([true, false, false, false]);
    send(sources.low, true);
    expect(await down).toBe(true);
    send(sources.high, false, true);
    send(sources.low, false);
    expect(viewer.units.map(({ key }) => key)).toEqual([true, false, false, false, true, false]);
    expect(hubs.high.stats.outlets).toBe(0);
    const up = feed.move('');
    await poll(() => hubs.high.stats.outlets === 1);
    send(sources.high, true, false);
    expect(await up).toBe(true);
    expect(viewer.renditions).toEqual([
      { usage: 'low-res', reason: 'uplink' },
      { usage: 'high-res', reason: '' },
    ]);
    expect(viewer.units).toHaveLength(8);
    expect(viewer.breaks).toBe(0);
    expect(new Set(viewer.units.map(({ packets }) => packets[0].readUInt32BE(8))).size).toBe(1);
    const steps = viewer.units.slice(1).map(({ timestamp }, index) => (timestamp - viewer.units[index].timestamp) | 0);
    expect(steps.every((step) => step > 0 && step < 90_000)).toBe(true);
  });

  it('leaves the units of the hubs to their other viewers as they are', async () => {
    await start();
    const other = new Viewer();
    hubs.low.subscribe(other);
    await poll(() => hubs.low.state === 'up');
    send(sources.high, true);
    const down = feed.move('uplink');
    await poll(() => hubs.low.stats.outlets === 2);
    send(sources.low, true, false, false);
    await down;
    send(sources.low, false);
    expect(other.units).toHaveLength(4);
    expect([other.breaks, viewer.breaks]).toEqual([0, 0]);
    expect(other.units[1].timestamp).not.toBe(viewer.units[2].timestamp);
  });

  it('tells the clock of the new stream in the numbers of the one', async () => {
    await start();
    hubs.low.subscribe(new Viewer());
    await poll(() => hubs.low.state === 'up');
    send(sources.high, true);
    send(sources.low, true);
    sources.low.listener!.report({ track: 0, ntp: 77n, timestamp: 1_003_600 });
    const down = feed.move('uplink');
    await poll(() => hubs.low.stats.outlets === 2);
    send(sources.low, true);
    await down;
    expect(viewer.reports.at(-1)).toMatchObject({ ntp: 77n, timestamp: viewer.units[1].timestamp - 3_600 });
  });

  it.each([
    ['opens with other tracks', 2, undefined],
    ['does not open', 1, new MediaError('camera-unreachable', 'away')],
    ['sends no keyframe', 1, undefined],
  ])('keeps the stream that runs when the other one %s', async (_what, tracks, failWith) => {
    await start(tracks);
    sources.low.failWith = failWith;
    send(sources.high, true);
    const down = feed.move('uplink');
    expect(await feed.move('uplink')).toBe(false);
    expect(await down).toBe(false);
    send(sources.high, false);
    expect([viewer.units.length, viewer.ended, viewer.renditions.length]).toEqual([2, undefined, 0]);
    expect([hubs.low.stats.outlets, feed.rendition.usage, control.isLow]).toEqual([0, 'high-res', false]);
  });

  it('keeps the stream that runs when the other one ends while it is waited for', async () => {
    await start();
    const down = feed.move('uplink');
    await poll(() => hubs.low.stats.outlets === 1);
    await hubs.low.close();
    expect(await down).toBe(false);
    send(sources.high, true);
    expect([viewer.units.length, viewer.ended]).toEqual([1, undefined]);
  });

  it('leaves both hubs when its link ends in the middle of a change', async () => {
    await start();
    hubs.high.subscribe(new Viewer());
    const subscription = feed.subscribe(viewer);
    const down = feed.move('uplink');
    await poll(() => hubs.low.stats.outlets === 1);
    subscription.close();
    expect(await down).toBe(false);
    send(sources.low, true);
    expect([viewer.units.length, hubs.low.stats.outlets]).toEqual([0, 0]);
    expect(await feed.move('')).toBe(false);
  });

  it('may begin with the low resolution, and says why', async () => {
    await start(1, true);
    send(sources.low, true);
    expect(viewer.units).toHaveLength(1);
    expect(feed.rendition).toEqual({ usage: 'low-res', reason: 'uplink-share' });
    expect(sources.high.opened).toBe(0);
  });

  it('ends with the stream that runs', async () => {
    await start();
    await hubs.high.close();
    expect(viewer.ended).toBe('hub-closed');
  });
});
