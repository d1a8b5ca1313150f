import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { directory } from '@app/contracts';
import { waitUntil } from '../harness/condition.js';
import { canHaveSmallDisk, EventSite, numberOf, type WatchedEvent } from '../harness/event-site.js';

const PER_SECOND = 400;
const ROUNDS = 8;
/** Each process counts from here on, so that its events can be told from the others'. */
const NUMBERS_PER_ROUND = 1_000_000;

const run = (count: number, from = 0): number[] => Array.from({ length: count }, (_, index) => from + index);

/** A host that keeps what it gets, and comes back to where it was. */
class Host {
  readonly events: WatchedEvent[] = [];

  constructor(
    readonly account: string,
    /** Time that it takes for an event, ms. */
    private readonly delayMs = 0,
  ) {}

  get since(): bigint {
    return this.events.at(-1)?.sequence ?? 0n;
  }

  get numbers(): number[] {
    return this.events.map(numberOf).filter((n) => n !== undefined);
  }

  /** Until the site is gone, or `n` has come. */
  async follow(site: EventSite, n = Number.POSITIVE_INFINITY): Promise<void> {
    const take = async (event: WatchedEvent): Promise<boolean> => {
      this.events.push(event);
      if (this.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.delayMs));
      return (numberOf(event) ?? -1) >= n;
    };
    await site.watch(take, { since: this.since, account: this.account }).catch(() => undefined);
  }
}

describe("a site's events", () => {
  const base = mkdtempSync(join(tmpdir(), 'adit-site-events-'));
  let count = 0;
  let site: EventSite | undefined;

  const newState = (): string => join(base, `state-${(count += 1)}`);
  const start = async (...args: Parameters<typeof EventSite.start>): Promise<EventSite> =>
    (site = await EventSite.start(...args));

  afterEach(() => site?.kill());
  afterAll(() => rmSync(base, { recursive: true }));

  it('lose nothing that was given out when the site is killed in a flow of them, and come once, in order', async () => {
    const state = newState();
    const hosts = [new Host('quick'), new Host('slow', 4)];
    for (let round = 0; round < ROUNDS; round += 1) {
      const killed = await start(state);
      await killed.do(`flow ${round * NUMBERS_PER_ROUND} ${PER_SECOND}`);
      const following = hosts.map((host) => host.follow(killed));
      await waitUntil('events come', () =>
        hosts.every(({ numbers }) => (numbers.at(-1) ?? -1) >= round * NUMBERS_PER_ROUND),
      );
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 400));
      await killed.kill();
      await Promise.all(following);
    }
    const last = await start(state);
    const end = ROUNDS * NUMBERS_PER_ROUND;
    await last.do(`burst ${end} 1`);
    await Promise.all(hosts.map((host) => host.follow(last, end)));
    const [first] = hosts;
    for (const host of hosts) {
      const sequences = host.events.map(({ sequence }) => sequence);
      expect(sequences).toEqual([...new Set(sequences)].sort((a, b) => (a < b ? -1 : 1)));
      expect(sequences).toEqual(first?.events.map(({ sequence }) => sequence));
      expect(host.events.every(({ lostBefore }) => lostBefore === 0n)).toBe(true);
      for (let round = 0; round < ROUNDS; round += 1) {
        const from = round * NUMBERS_PER_ROUND;
        const own = host.numbers.filter((n) => n >= from && n < from + NUMBERS_PER_ROUND);
        expect(own.length).toBeGreaterThan(0);
        expect(own).toEqual(run(own.length, from));
      }
    }
    const kills = first?.events.filter(({ type }) => type === 'agent.stopped-unexpectedly') ?? [];
    expect(kills).toHaveLength(ROUNDS);
  }, 90_000);

  it('reach each host from its own place, only of the types that it wants', async () => {
    const running = await start(newState());
    await running.do('burst 0 1000');
    const all = await running.take(1_000, { account: 'a' });
    const rest = await running.take(500, { account: 'b', since: all[499]?.sequence ?? 0n });
    expect(all.map(numberOf)).toEqual(run(1_000));
    expect(rest.map(numberOf)).toEqual(run(500, 500));
    expect(all[0]).toMatchObject({ sourceId: 'source-0', occurrencePeriod: directory.OccurrencePeriod.OFFLINE });
    const waiting = running.take(1, { account: 'c', types: ['test.event'], since: all.at(-1)?.sequence ?? 0n });
    const nothing: WatchedEvent[] = [];
    void running.watch((event) => nothing.push(event) < 0, { types: ['other'] }).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await running.do('burst 1000 1');
    expect(await waiting).toMatchObject([{ lostBefore: 0n, occurrencePeriod: directory.OccurrencePeriod.ONLINE }]);
    expect(nothing).toEqual([]);
    const tooMany = running.watch(() => true, { types: Array<string>(501).fill('x') });
    await expect(tooMany).rejects.toThrow(/too many types/);
  });

  it('tell each host how many were discarded beyond its place', async () => {
    const running = await start(newState(), { maxEvents: 2_000 });
    await running.do('burst 0 500');
    const seen = await running.take(500);
    const { discarded } = await running.do('burst 500 3000');
    const [next] = await running.take(1, { since: seen.at(-1)?.sequence ?? 0n });
    expect(next?.details?.['n']).toBe(1_500);
    expect(next?.lostBefore).toBe(1_000n);
    expect(discarded).toBeGreaterThanOrEqual(1_500);
  });

  it('of 100,000 come in order to a host that was away', async () => {
    const running = await start(newState());
    await running.do('burst 0 100000');
    const events = await running.take(100_000);
    expect(events.map(numberOf)).toEqual(run(100_000));
  }, 120_000);

  it('outlast a store that is spoiled while nobody looks: it is set aside, and said', async () => {
    const state = newState();
    const before = await start(state);
    await before.do('burst 0 10');
    const last = (await before.take(10)).at(-1)?.sequence ?? 0n;
    await before.kill();
    for (const name of ['events.db', 'events.db-wal']) writeFileSync(join(state, name), 'garbage '.repeat(10_000));
    const after = await start(state);
    await after.do('burst 10 1');
    const seen: WatchedEvent[] = [];
    await after.watch((event) => seen.push(event) > 0 && numberOf(event) === 10, { since: last });
    expect(seen.map(({ type }) => type)).toEqual(['events.store-replaced', 'agent.started', 'test.event']);
    expect(seen[0]?.details).toEqual({ reason: 'damaged', setAside: 'events-damaged.db' });
    expect(seen.every(({ sequence }) => sequence > last)).toBe(true);
    expect(after.told).toEqual(['replaced', 'unknown-position']);
  });

  (canHaveSmallDisk() ? describe : describe.skip)('on a small disk', () => {
    it('wait out that it is full, and are counted where it lasts too long', async () => {
      const state = newState();
      mkdirSync(state, { recursive: true });
      const running = await start(state, {}, '8m');
      await running.do('burst 0 100');
      await running.do('fill');
      await running.do(`flow 100 2000`);
      await waitUntil('the queue is full', async () => (await running.do('status')).unstored > 100);
      const full = await running.do('stop');
      expect(full.fault).not.toBeNull();
      await running.do('free');
      await waitUntil('it is written', async () => (await running.do('status')).waiting === 0);
      const { unstored } = await running.do('burst 900000 1');
      const seen: WatchedEvent[] = [];
      await running.watch((event) => seen.push(event) > 0 && numberOf(event) === 900_000);
      const numbers = seen.map(numberOf).filter((n) => n !== undefined);
      expect(numbers.slice(0, -1)).toEqual(run(numbers.length - 1));
      expect(seen.at(-1)?.lostBefore).toBe(BigInt(unstored));
      expect(running.told).toEqual(['fault', 'recovered']);
    }, 60_000);
  });
});
