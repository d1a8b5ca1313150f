import type { AccessUnit } from '../access-unit.js';
import { MediaError } from '../errors.js';
import { readRtp } from '../rtp/packet.js';
import { FakeSource } from '../../test/fake-source.js';
import { Hub, type HubOptions, type Outlet } from './hub.js';

class Recorder implements Outlet {
  readonly units: AccessUnit[] = [];
  readonly states: string[] = [];
  ended: MediaError | undefined;

  unit(unit: AccessUnit): void {
    this.units.push(unit);
  }

  state(state: string): void {
    this.states.push(state);
  }

  end(error: MediaError): void {
    this.ended = error;
  }

  get sequences(): number[] {
    return this.units.flatMap((unit) => unit.packets.map((packet) => readRtp(packet)!.sequence));
  }
}

async function poll(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setTimeout(resolve, 2));
}

describe('Hub', () => {
  const source = { current: new FakeSource() };
  let hub: Hub;

  function make(options: Partial<HubOptions> = {}): void {
    source.current = new FakeSource();
    hub = new Hub(source.current, { firstMs: 5, maxMs: 10, idleCloseMs: 30, ...options });
  }

  async function open(): Promise<Recorder> {
    const recorder = new Recorder();
    await hub.describe();
    hub.subscribe(recorder);
    return recorder;
  }

  afterEach(() => hub.close());

  it('opens its source anew when the way to it changed, and its viewers stay', async () => {
    make();
    const recorder = await open();
    source.current.send();
    hub.reopen();
    await poll(() => source.current.opened === 2 && hub.state === 'up');
    source.current.send();
    expect(recorder.ended).toBeUndefined();
    expect(recorder.states).toEqual(['reconnecting', 'up']);
    const [first = 0, ...rest] = recorder.sequences;
    expect(rest).toEqual(rest.map((_, index) => (first + index + 1) & 0xffff));
  });

  it('tells its viewers once when the far side of the upstream has lost its source, and when it is back', async () => {
    make();
    const recorder = await open();
    for (const isUp of [true, false, false, true, true]) source.current.listener?.sourceState?.(isUp, 'camera-silent');
    expect(recorder.states).toEqual(['reconnecting', 'up']);
    source.current.listener?.sourceState?.(false, 'camera-silent');
    expect(hub.sourceState).toMatchObject({ state: 'reconnecting', error: { remoteCode: 'camera-silent' } });
    expect(hub.state).toBe('up');
  });

  it('opens one upstream for many viewers and closes it a while after the last', async () => {
    make();
    const [first, second] = [new Recorder(), new Recorder()];
    await Promise.all([hub.describe(), hub.describe()]);
    const subscriptions = [hub.subscribe(first), hub.subscribe(second)];
    source.current.send();
    expect([first.units.length, second.units.length]).toEqual([1, 1]);
    expect(source.current.opened).toBe(1);
    subscriptions.forEach((subscription) => subscription.close());
    await poll(() => hub.state === 'idle');
    await poll(() => source.current.closed === 1);
    await open();
    expect(source.current.opened).toBe(2);
  });

  it('begins with a keyframe and gives a late viewer everything since the last one', async () => {
    make();
    const early = await open();
    source.current.send(false);
    source.current.send(true);
    source.current.send(false);
    const late = await open();
    source.current.send(false);
    expect(early.units.map((unit) => unit.key)).toEqual([true, false, false]);
    expect(late.units).toEqual(early.units);
  });

  it('lets a late viewer wait for a keyframe when the cache is over its cap', async () => {
    make({ maxCacheBytes: 100 });
    await open();
    source.current.send(true);
    source.current.send(false, 10);
    const late = await open();
    source.current.send(false);
    expect(late.units).toHaveLength(0);
    source.current.send(true);
    expect(late.units.map((unit) => unit.key)).toEqual([true]);
    expect(hub.stats.cacheBytes).toBeGreaterThan(0);
  });

  it('puts parameter sets of the description before a keyframe without any', async () => {
    make();
    const viewer = await open();
    source.current.send(true);
    source.current.send(false);
    const types = viewer.units.map((unit) => unit.packets.map((packet) => packet[12] & 31));
    expect(types).toEqual([
      [7, 8, 5, 5],
      [1, 1],
    ]);
    expect(viewer.units[0].bytes).toBe(viewer.units[0].packets.reduce((sum, packet) => sum + packet.length, 0));
  });

  it('keeps SSRC and sequence, and steps the timestamp by the time that passed, when the upstream comes back', async () => {
    make();
    const viewer = await open();
    const startUs = 1_700_000_000_000_000;
    source.current.send(true, 2, startUs);
    source.current.send(false, 2, startUs + 40_000);
    source.current.drop();
    await poll(() => source.current.opened === 2 && hub.state === 'up');
    source.current.send(false, 2, startUs + 2_000_000);
    source.current.send(true, 2, startUs + 3_040_000);
    const headers = viewer.units.map((unit) => readRtp(unit.packets[0])!);
    expect(new Set(headers.map((header) => header.ssrc))).toEqual(new Set([1]));
    expect(headers[2].timestamp - headers[1].timestamp).toBe(3 * 90_000);
    const { sequences } = viewer;
    expect(sequences).toEqual(sequences.map((_, index) => (sequences[0] + index) & 0xffff));
    expect(viewer.states).toEqual(['reconnecting', 'up']);
    expect(viewer.ended).toBeUndefined();
  });

  it('hands the upstream’s error to who waits for the description, and tries again while a viewer is there', async () => {
    make();
    source.current.failWith = new MediaError('camera-unauthorized', 'no');
    const failure = await hub.describe().catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'camera-unauthorized' });
    source.current.failWith = undefined;
    await open();
    expect(hub.state).toBe('up');
  });

  it('tries again at once for somebody new when the wait between attempts has grown long', async () => {
    make({ firstMs: 40, maxMs: 60_000 });
    source.current.failWith = new MediaError('camera-unreachable', 'off');
    hub.subscribe(new Recorder());
    let lost = 0;
    hub.subscribe({
      unit: () => undefined,
      end: () => undefined,
      state: (state) => void (lost += state === 'reconnecting' ? 1 : 0),
    });
    await poll(() => lost === 5);
    source.current.failWith = undefined;
    await new Promise((resolve) => setTimeout(resolve, 45));
    const askedAt = performance.now();
    await hub.describe();
    expect(performance.now() - askedAt).toBeLessThan(200);
  });

  it('tells nobody of a source that is gone, ends its viewers in time, and is as new when it is back', async () => {
    make({ isGone: ({ code }) => code === 'camera-not-found', goneMs: 60 });
    const viewer = await open();
    source.current.failWith = new MediaError('camera-not-found', 'taken away');
    hub.reopen();
    await poll(() => hub.stats.lastError === 'camera-not-found');
    await expect(hub.describe()).rejects.toMatchObject({ code: 'camera-not-found' });
    expect(viewer.ended).toBeUndefined();
    await poll(() => viewer.ended !== undefined);
    expect(viewer.ended?.code).toBe('camera-not-found');
    source.current.failWith = undefined;
    const next = await open();
    source.current.send();
    await poll(() => next.units.length > 0);
  });

  it('keeps its viewers through a moment in which the source seems gone', async () => {
    make({ isGone: () => true, goneMs: 5_000 });
    const viewer = await open();
    source.current.failWith = new MediaError('camera-not-found', 'taken away');
    hub.reopen();
    await poll(() => hub.stats.lastError === 'camera-not-found');
    await expect(hub.describe()).rejects.toMatchObject({ code: 'camera-not-found' });
    source.current.failWith = undefined;
    await poll(() => hub.state === 'up');
    source.current.send();
    expect([viewer.ended, viewer.units.length]).toEqual([undefined, 1]);
  });

  it('gives up waiting for a source that neither opens nor fails', async () => {
    hub = new Hub({ open: () => new Promise(() => undefined) }, { describeTimeoutMs: 10, openTimeoutMs: 20 });
    await expect(hub.describe()).rejects.toMatchObject({ code: 'hub-open-timeout' });
  });

  it('ends viewers and refuses new ones when it is closed, once', async () => {
    make();
    const viewer = await open();
    await Promise.all([hub.close(), hub.close()]);
    expect(viewer.ended?.code).toBe('hub-closed');
    expect(source.current.closed).toBe(1);
    await expect(hub.describe()).rejects.toMatchObject({ code: 'hub-closed' });
  });
});
