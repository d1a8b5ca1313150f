import { openChannel, startedPair, until } from '../test/session-pair.js';
import { SIMULATED_CLOCK, Wire } from '../test/simulated-line.js';
import { pour, SimulatedSite, trips } from '../test/simulated-site.js';
import { slowPair } from '../test/slow-pair.js';
import type { Channel } from './channel.js';
import { UplinkCap } from './uplink-cap.js';

const DELAY_MS = 20;

const percentile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * share)] ?? Number.NaN;

describe('an uplink that bulk saturates, in simulated time', () => {
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  const saturated = async (mbitPerS: number) => {
    const bytesPerMs = mbitPerS * 125;
    const cap = new UplinkCap(undefined, SIMULATED_CLOCK);
    const site = await SimulatedSite.start(DELAY_MS, new Wire(), cap, bytesPerMs);
    const bulk = await site.channel('bulk');
    const control = trips(await site.channel('control'), 7);
    const asked = trips((await site.channel('control')).toReversed() as [Channel, Channel], 60);
    pour(bulk);
    return { bytesPerMs, site, bulk, control, asked };
  };

  it.each([0.5, 1, 2, 10, 100])(
    'lets control through within 50 ms of its round trip, and is used, at %d Mbit/s',
    async (mbitPerS) => {
      const { bytesPerMs, site, bulk, control, asked } = await saturated(mbitPerS);
      jest.advanceTimersByTime(3_000);
      control.length = 0;
      asked.length = 0;
      const before = bulk[0].bytesReceived;
      jest.advanceTimersByTime(15_000);
      const used = (bulk[0].bytesReceived - before) / (15_000 * bytesPerMs);
      site.close();
      expect(percentile(control, 0.99)).toBeLessThan(2 * DELAY_MS + 50);
      expect(asked.length).toBeGreaterThan(90);
      expect(Math.max(...asked)).toBeLessThan(2 * DELAY_MS + 60);
      expect(used).toBeGreaterThan(0.85);
    },
  );

  it.each([1, 10])('knows what it carries once it was full, and not before, at %d Mbit/s', async (mbitPerS) => {
    const { bytesPerMs, site } = await saturated(mbitPerS);
    expect(site.agent.stats.capacityBytesPerSecond).toBeUndefined();
    jest.advanceTimersByTime(5_000);
    const known = (site.agent.stats.capacityBytesPerSecond ?? 0) / (bytesPerMs * 1_000);
    site.close();
    expect(known).toBeGreaterThan(0.8);
    expect(known).toBeLessThan(1.3);
  });

  it('does not hold control back for acknowledgements, which nobody acknowledges by themselves', async () => {
    const cap = new UplinkCap(undefined, SIMULATED_CLOCK);
    const site = await SimulatedSite.start(DELAY_MS, new Wire(), cap, 1_250);
    const readers: [Channel, Channel][] = [];
    for (let count = 0; count < 40; count += 1) readers.push(await site.channel('playback'));
    const asked = trips((await site.channel('control')).toReversed() as [Channel, Channel], 1_000);
    for (const reader of readers) pour(reader);
    jest.advanceTimersByTime(30_000);
    site.close();
    expect(asked.length).toBeGreaterThan(25);
    expect(Math.max(...asked)).toBeLessThan(2 * DELAY_MS + 60);
  });

  it.each([1, 10, 100])('is found out without a queue that control feels for long, at %d Mbit/s', async (mbitPerS) => {
    const { site, control } = await saturated(mbitPerS);
    jest.advanceTimersByTime(2_000);
    site.close();
    expect(control.length).toBeGreaterThan(10);
    expect(Math.max(...control)).toBeLessThan(600);
    expect(percentile(control, 0.8)).toBeLessThan(2 * DELAY_MS + 50);
  });
});

describe('a line that changes while it is full, in simulated time', () => {
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  const changes = [0.5, 2.4, 10].flatMap((mbitPerS) =>
    [1, 20, 40, 60].flatMap((rttMs) => [0, 30].map((turnMs) => ({ mbitPerS, rttMs, turnMs }))),
  );

  it.each(changes)(
    'is used at $mbitPerS Mbit/s, $rttMs ms, between machines with turns of $turnMs ms',
    async ({ mbitPerS, rttMs, turnMs }) => {
      const change = { delayMs: rttMs / 2, bytesPerMs: mbitPerS * 125, turnMs };
      const wire = new Wire();
      const site = await SimulatedSite.start(1, wire, new UplinkCap(undefined, SIMULATED_CLOCK), 12_500);
      const live = await site.channel('live');
      const control = trips(await site.channel('control'), 7);
      pour(live);
      jest.advanceTimersByTime(3_000);
      site.change(change);
      jest.advanceTimersByTime(20_000);
      const from = performance.now();
      const before = live[0].bytesReceived;
      control.length = 0;
      jest.advanceTimersByTime(20_000);
      const line = 20_000 * change.bytesPerMs;
      site.close();
      expect(wire.between(from, from + 20_000)).toBeGreaterThan(0.9 * line);
      expect(live[0].bytesReceived - before).toBeGreaterThan(0.87 * line);
      expect(percentile(control, 0.99)).toBeLessThan(rttMs + (mbitPerS < 1 ? 60 : 50) + 6 * turnMs);
    },
  );

  it('is tried out again when it has become wider and shorter', async () => {
    const site = await SimulatedSite.start(30, new Wire(), new UplinkCap(undefined, SIMULATED_CLOCK), 300);
    const live = await site.channel('live');
    const control = trips(await site.channel('control'), 7);
    pour(live);
    jest.advanceTimersByTime(5_000);
    site.change({ delayMs: 5, bytesPerMs: 2_500, turnMs: 0 });
    jest.advanceTimersByTime(5_000);
    const before = live[0].bytesReceived;
    control.length = 0;
    jest.advanceTimersByTime(10_000);
    site.close();
    expect((live[0].bytesReceived - before) / (10_000 * 2_500)).toBeGreaterThan(0.9);
    expect(percentile(control, 0.99)).toBeLessThan(10 + 50);
  });

  it('does not hold control up while the path’s own time is measured', async () => {
    const site = await SimulatedSite.start(30, new Wire(), new UplinkCap(undefined, SIMULATED_CLOCK), 12_500);
    pour(await site.channel('bulk'));
    const asked = trips((await site.channel('control')).toReversed() as [Channel, Channel], 7);
    jest.advanceTimersByTime(3_000);
    asked.length = 0;
    jest.advanceTimersByTime(30_000);
    site.close();
    expect(asked.length).toBeGreaterThan(250);
    expect(Math.max(...asked)).toBeLessThan(60 + 50);
  });
});

describe('a lane whose DATA gets nowhere', () => {
  it('is dead although the peer’s bytes still come', async () => {
    const [near, far] = await slowPair({ bytesPerMs: 100_000, delayMs: 0 });
    const pair = await startedPair({
      transports: [near, far],
      config: { pingIntervalMs: 10, deadAfterMs: 100, closeLingerMs: 10 },
      agentConfig: { deadAfterMs: 5_000 },
    });
    const [channel, site] = await openChannel(pair);
    channel.onData = (chunk) => channel.consume(chunk.length);
    const timer = setInterval(() => site.write(Buffer.from('video')), 5);
    near.pause();
    channel.write(Buffer.from('never read'));
    await until(() => pair.broker.state === 'closed');
    clearInterval(timer);
    expect(pair.broker.closeReason?.code).toBe('peer-silent');
    pair.close();
    near.destroy();
  });
});
