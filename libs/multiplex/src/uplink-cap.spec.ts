import { once } from 'node:events';
import type { Socket } from 'node:net';
import { createPair, openChannel, readAll, writeAll } from '../test/session-pair.js';
import { SIMULATED_CLOCK, Wire } from '../test/simulated-line.js';
import { pass, pour, SimulatedSite, trips } from '../test/simulated-site.js';
import { tlsPair } from '../test/tls-pair.js';
import { UplinkCap } from './uplink-cap.js';

/** 10 Mbit/s. */
const CAP = 1_250_000;
const DELAY_MS = 20;

describe('a cap on the uplink, in simulated time', () => {
  let wire: Wire;
  let cap: UplinkCap;
  let site: SimulatedSite;

  beforeEach(async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] });
    wire = new Wire();
    cap = new UplinkCap(CAP, SIMULATED_CLOCK);
    site = await SimulatedSite.start(DELAY_MS, wire, cap);
  });

  afterEach(() => {
    site.close();
    jest.useRealTimers();
  });

  /** The greatest of all but one in a hundred. */
  const p99 = (values: readonly number[]): number =>
    values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * 0.99)] ?? Number.NaN;

  it('is kept in any second by bulk, live and control together, and by what a cut makes necessary again', async () => {
    for (const name of ['bulk', 'bulk', 'live'] as const) pour(await site.channel(name));
    const control = trips(await site.channel('control'), 7);
    const begin = performance.now();
    jest.advanceTimersByTime(5_000);
    site.cut();
    await pass(1_000);
    await site.resume();
    expect(site.agent.stats.bytesResent).toBeGreaterThan(10_000);
    const resumed = performance.now();
    jest.advanceTimersByTime(6_000);
    const end = performance.now();
    expect(wire.most(1_000)).toBeLessThanOrEqual(1.05 * CAP);
    for (const [from, to] of [
      [begin + 1_000, begin + 5_000],
      [resumed + 1_000, end],
    ] as const) {
      expect(wire.between(from, to)).toBeGreaterThan((0.95 * CAP * (to - from)) / 1_000);
    }
    expect(control.length).toBeGreaterThan(150);
    expect(p99(control)).toBeLessThan(2 * DELAY_MS + 5);
  });

  it.each([0.128, 1, 50, 500])('is kept and used at %d Mbit/s', async (mbitPerS) => {
    const bytesPerS = mbitPerS * 125_000;
    cap.set(bytesPerS);
    for (const name of ['bulk', 'live'] as const) pour(await site.channel(name));
    const begin = performance.now();
    jest.advanceTimersByTime(5_000);
    expect(wire.most(1_000)).toBeLessThanOrEqual(1.05 * bytesPerS);
    expect(wire.between(begin + 1_000, begin + 5_000)).toBeGreaterThan(0.9 * 4 * bytesPerS);
  });

  it('is one for two sessions of a site, neither of which starves', async () => {
    const draining = await SimulatedSite.start(DELAY_MS, wire, cap);
    const [one, other] = [await site.channel('bulk'), await draining.channel('bulk')];
    const drained = draining.agent.drain({ reason: 'test', deadlineMs: 60_000 });
    pour(one);
    pour(other);
    jest.advanceTimersByTime(5_000);
    expect(wire.most(1_000)).toBeLessThanOrEqual(1.05 * CAP);
    const received = [one[0].bytesReceived, other[0].bytesReceived];
    expect(Math.min(...received)).toBeGreaterThan(0.3 * 5 * CAP);
    draining.close();
    await drained;
  });

  it('goes to the other session while one is cut off in the middle of its wait', async () => {
    const others = [await SimulatedSite.start(DELAY_MS, wire, cap), await SimulatedSite.start(DELAY_MS, wire, cap)];
    for (const each of [site, ...others]) pour(await each.channel('bulk'));
    jest.advanceTimersByTime(1_000);
    for (const other of others) other.cut();
    jest.advanceTimersByTime(1_000);
    const begin = performance.now();
    jest.advanceTimersByTime(3_000);
    expect(wire.between(begin, begin + 3_000)).toBeGreaterThan(0.95 * 3 * CAP);
    for (const other of others) other.close();
  });

  it('holds from the moment it is changed, also for what waits', async () => {
    pour(await site.channel('bulk'));
    jest.advanceTimersByTime(2_000);
    const changed = performance.now();
    cap.set(CAP / 10);
    jest.advanceTimersByTime(3_000);
    const lifted = performance.now();
    expect(wire.between(changed, lifted)).toBeLessThanOrEqual(((1.05 * CAP) / 10) * 3);
    expect(wire.between(changed, lifted)).toBeGreaterThan(((0.9 * CAP) / 10) * 3);
    cap.set(undefined);
    jest.advanceTimersByTime(1_000);
    expect(wire.between(lifted, lifted + 1_000)).toBeGreaterThan(3 * CAP);
  });

  it('leaves its reserve to control and events, whatever bulk does', async () => {
    pour(await site.channel('bulk'));
    const took = [trips(await site.channel('control'), 11), trips(await site.channel('events'), 13)];
    jest.advanceTimersByTime(3_000);
    for (const each of took) {
      expect(each.length).toBeGreaterThan(40);
      expect(Math.max(...each.slice(1))).toBeLessThan(2 * DELAY_MS + 5);
    }
  });
});

describe('what a cap counts', () => {
  it('is no less than what TLS puts on the wire', async () => {
    let raw: Socket | undefined;
    const transports = await tlsPair((socket) => (raw = socket));
    let counted = 0;
    class Counting extends UplinkCap {
      override spend(bytes: number): void {
        counted += bytes;
        super.spend(bytes);
      }

      override spendRecords(bytes: number, recordBytes: number): void {
        counted += Math.ceil(bytes / recordBytes) * 22;
        super.spendRecords(bytes, recordBytes);
      }
    }
    const pair = createPair({ transports, uplinkCap: new Counting(100_000_000) });
    const before = raw?.bytesRead ?? 0;
    await Promise.all([pair.agent.start(), pair.broker.start()]);
    for (let round = 0; round < 20; round += 1) {
      const [sink, source] = await openChannel(pair, 'bulk');
      const read = readAll(sink);
      sink.end();
      await writeAll(source, Buffer.alloc(round * 5_000), 3_000);
      await read;
    }
    const closed = once(transports[1], 'close');
    pair.agent.close();
    await closed;
    const onWire = (raw?.bytesRead ?? 0) - before;
    expect(counted).toBeGreaterThan(20 * 19 * 2_500);
    // HELLO, CLOSE and the end of TLS are a few hundred bytes that no cap can hold back.
    expect(onWire).toBeLessThan(counted + 500);
    expect(onWire).toBeGreaterThan(0.98 * counted);
  });
});
