import { Duplex } from 'node:stream';
import { setImmediate as settled } from 'node:timers/promises';
import type { AccessUnit } from '../access-unit.js';
import { InterleavedDelivery } from '../delivery/interleaved.js';
import { Hub } from '../hub/hub.js';
import { FakeSource } from '../../test/fake-source.js';
import { RtspDecoder } from './decoder.js';
import { Viewer, type ViewerOptions } from './viewer.js';

/** Takes writes only while it is open, like a kernel whose buffer is full. */
class Gate extends Duplex {
  readonly taken: Buffer[] = [];
  #held: (() => void)[] = [];
  #open = true;

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    const take = (): void => {
      this.taken.push(chunk);
      done();
    };
    if (this.#open) take();
    else this.#held.push(take);
  }

  override _read(): void {}

  shut(): void {
    this.#open = false;
  }

  openAgain(): void {
    this.#open = true;
    for (const take of this.#held.splice(0)) take();
  }

  /** Sequence numbers of the RTP packets that went through. */
  get sequences(): number[] {
    return this.sequencesOf(0);
  }

  sequencesOf(channel: number): number[] {
    const decoder = new RtspDecoder({ maxHeaderBytes: 100, maxBodyBytes: 100, maxJunkBytes: 0 });
    const items = [...decoder.push(Buffer.concat(this.taken))];
    return items.flatMap((item) =>
      item.kind === 'interleaved' && item.channel === channel ? [item.data.readUInt16BE(2)] : [],
    );
  }
}

describe('Viewer', () => {
  const options: ViewerOptions = {
    join: 'cached',
    maxBacklogMs: 10_000,
    maxBacklogBytes: 200,
    maxLagMs: 20,
    stalledMs: 50,
    senderReportMs: 5000,
  };
  let source: FakeSource;
  let hub: Hub;
  let gate: Gate;
  let ended: string[];

  async function play(more: Partial<ViewerOptions> = {}, count = 1): Promise<Viewer> {
    source = new FakeSource({ tracks: count, everyMs: 0 });
    hub = new Hub(source);
    gate = new Gate();
    ended = [];
    const { tracks } = await hub.describe();
    const delivery = new InterleavedDelivery(gate);
    for (const [index, track] of tracks.entries()) delivery.setUp(track, { rtp: index * 2, rtcp: index * 2 + 1 });
    const viewer = new Viewer(delivery, hub, tracks, { ...options, ...more }, (error) => void ended.push(error.code));
    viewer.start();
    source.send(true);
    await settled();
    return viewer;
  }

  afterEach(() => hub.close());

  it('is cut by bytes and goes on at a keyframe with unbroken numbers', async () => {
    const viewer = await play();
    gate.shut();
    for (let unit = 0; unit < 50; unit++) source.send(false);
    expect(viewer.stats.backlogBytes).toBeLessThan(400);
    gate.openAgain();
    await settled();
    source.send(false);
    const before = gate.sequences.length;
    source.send(true);
    source.send(false);
    const { sequences } = gate;
    expect(sequences.length).toBe(before + 6);
    expect(sequences).toEqual(sequences.map((_, index) => (sequences[0] + index) & 0xffff));
    expect(viewer.stats.dropEpisodes).toBe(1);
    expect(viewer.stats.droppedUnits).toBeGreaterThan(40);
  });

  it('gets the whole group of pictures at its beginning, though that is more than it may be behind later', async () => {
    await play();
    for (let unit = 0; unit < 50; unit++) source.send(false);
    const late = new Gate();
    late.shut();
    const delivery = new InterleavedDelivery(late);
    const { tracks } = await hub.describe();
    delivery.setUp(tracks[0], { rtp: 0, rtcp: 1 });
    const viewer = new Viewer(delivery, hub, tracks, options, () => undefined);
    viewer.start();
    source.send(false);
    expect([viewer.stats.units, viewer.stats.droppedUnits]).toEqual([52, 0]);
    for (let unit = 0; unit < 20; unit++) source.send(false);
    expect(viewer.stats.dropEpisodes).toBe(1);
    late.openAgain();
    await settled();
    viewer.stop();
  });

  it('keeps its sound while its picture is cut, without a gap', async () => {
    const viewer = await play({}, 2);
    source.sendSound();
    gate.shut();
    for (let unit = 0; unit < 20; unit++) source.send(false);
    expect(viewer.stats.dropEpisodes).toBe(1);
    for (let unit = 0; unit < 5; unit++) source.sendSound();
    gate.openAgain();
    await settled();
    for (let unit = 0; unit < 5; unit++) source.sendSound();
    source.send(true);
    await settled();
    const sound = gate.sequencesOf(2);
    expect(sound).toHaveLength(11);
    expect(sound).toEqual(sound.map((_, index) => sound[0] + index));
  });

  it('gives up the sound too when its connection takes nothing', async () => {
    const viewer = await play({}, 2);
    gate.shut();
    for (let unit = 0; unit < 1000; unit++) {
      source.send(false);
      source.sendSound();
    }
    expect(viewer.stats.backlogBytes).toBeLessThan(options.maxBacklogBytes * 3);
  });

  it('is cut by age', async () => {
    const viewer = await play({ maxBacklogMs: 20, maxBacklogBytes: 1 << 20 });
    gate.shut();
    source.send(false);
    await new Promise((resolve) => setTimeout(resolve, 30));
    source.send(true);
    expect(viewer.stats.droppedUnits).toBe(1);
  });

  it('is cut when its own reports say that it is behind, and goes on at a keyframe after that time', async () => {
    const viewer = await play({ maxBacklogBytes: 1 << 20 });
    const first = gate.sequences[0];
    viewer.reported(0, { highestSequence: first + 3, lossFraction: 0 });
    expect(viewer.stats.lagMs).toBe(0);
    source.send(false);
    await new Promise((resolve) => setTimeout(resolve, 30));
    viewer.reported(0, { highestSequence: first + 3, lossFraction: 0 });
    expect(viewer.stats.lagMs).toBeGreaterThan(20);
    source.send(true);
    expect(viewer.stats.droppedUnits).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 60));
    source.send(true);
    expect([viewer.stats.droppedUnits, viewer.stats.dropEpisodes]).toEqual([1, 1]);
  });

  it('is thrown out when it takes nothing for too long, and not before', async () => {
    const viewer = await play();
    viewer.sweep(performance.now() + 1000);
    expect(ended).toEqual([]);
    gate.shut();
    source.send(false);
    viewer.sweep(performance.now() + 20);
    expect(ended).toEqual([]);
    viewer.sweep(performance.now() + 60);
    expect(ended).toEqual(['viewer-stalled']);
  });

  it('leaves the shared buffers of other viewers unchanged', async () => {
    const seen: AccessUnit[] = [];
    await play();
    hub.subscribe({ unit: (unit) => void seen.push(unit), end: () => undefined });
    gate.shut();
    for (let unit = 0; unit < 20; unit++) source.send(false);
    gate.openAgain();
    await settled();
    source.send(true);
    const sequences = seen.flatMap((unit) => unit.packets.map((packet) => packet.readUInt16BE(2)));
    expect(sequences).toEqual(sequences.map((_, index) => (sequences[0] + index) & 0xffff));
  });
});
