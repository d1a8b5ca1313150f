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
