import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { DAMAGED_EVENTS_FILE, EVENTS_FILE, EVENTS_MARK_FILE } from './event-files.js';
import { readNewest } from './event-reader.js';
import { EventStore, type EventStoreOptions } from './event-store.js';
import { eventLimits, type EventLimits, type NewEvent, type StoredEvent } from './stored-event.js';

const DAY_MS = 86_400_000;
const NOW = Date.UTC(2026, 10, 25);

const numbered = (from: number, count: number): NewEvent[] =>
  Array.from({ length: count }, (_, index) => ({
    type: 'camera.motion',
    sourceId: 'front-door',
    atMs: NOW,
    details: JSON.stringify({ n: from + index }),
    lostBefore: 0,
  }));

const numbersOf = (events: readonly StoredEvent[]): number[] =>
  events.map(({ details }) => (JSON.parse(details) as { n: number }).n);

describe('EventStore', () => {
  let directory: string;
  let clock: { wall: number; steady: number };
  let store: EventStore;
  let batches = 0;

  const made = (options: Partial<EventStoreOptions> = {}): EventStore =>
    new EventStore({ directory, limits: eventLimits, now: () => clock.wall, steady: () => clock.steady, ...options });

  const limited = (limits: Partial<EventLimits>): EventStore => made({ limits: { ...eventLimits, ...limits } });

  const append = (events: readonly NewEvent[]): number =>
    store.append(`batch ${(batches += 1)}`, events).summary.newestSequence;

  const reopen = (kill = false): ReturnType<EventStore['open']> => {
    if (kill) store.abandon();
    else store.close();
    store = made();
    return store.open();
  };

  /** All that a host gets that has everything up to `since`. */
  const replay = (since: number, types: readonly string[] = [], account = 'host'): StoredEvent[] => {
    let { after } = store.locate(since);
    const events: StoredEvent[] = [];
    for (;;) {
      const page = store.read(account, after, types, 256);
      events.push(...page.events);
      after = page.scannedTo;
      if (page.atEnd) return events;
    }
  };

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'adit-events-'));
    clock = { wall: NOW, steady: 5_000 };
    store = made();
    store.open();
  });

  afterEach(() => {
    store.abandon();
    rmSync(directory, { recursive: true });
  });

  it('gives out what was appended, in order, from any place on', () => {
    const last = append(numbered(0, 10));
    expect(numbersOf(replay(0))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(numbersOf(replay(last - 3))).toEqual([7, 8, 9]);
    expect(replay(last)).toEqual([]);
    expect(replay(0).every(({ lostBefore }) => lostBefore === 0)).toBe(true);
  });

  it('keeps its files from other users', () => {
    append(numbered(0, 1));
    for (const name of readdirSync(directory)) expect(statSync(join(directory, name)).mode & 0o077).toBe(0);
  });

  it('never gives a number twice: over a restart, a kill, a clock set back', () => {
    const first = append(numbered(0, 2));
    clock.wall += 1_000;
    reopen();
    const second = append(numbered(2, 2));
    clock.wall -= 365 * DAY_MS;
    reopen(true);
    const third = append(numbered(4, 2));
    expect(second).toBeGreaterThan(first + 2);
    expect(third).toBeGreaterThan(second);
    expect(numbersOf(replay(0))).toEqual([0, 1, 2, 3, 4, 5]);
    expect(replay(first).map(({ lostBefore }) => lostBefore)).toEqual([0, 0, 0, 0]);
  });

  it('goes on beyond all that was given when the file is lost and the clock is years behind', () => {
    const last = append(numbered(0, 1_000));
    store.close();
    for (const name of readdirSync(directory)) if (name !== EVENTS_MARK_FILE) rmSync(join(directory, name));
    clock.wall = 0;
    store = made();
    expect(store.open().replaced).toBe('missing');
    expect(append(numbered(0, 1))).toBeGreaterThan(last);
    expect(store.tick().replaced).toBeUndefined();
  });

  it('goes on beyond all that was given when an old copy of the file was put back', () => {
    append(numbered(0, 1));
    store.close();
    const copy = readFileSync(join(directory, EVENTS_FILE));
    clock.wall += DAY_MS;
    store = made();
    store.open();
    const last = append(numbered(1, 300_000 - 1));
    store.close();
    writeFileSync(join(directory, EVENTS_FILE), copy);
    clock.wall -= 300 * DAY_MS;
    store = made();
    store.open();
    expect(append(numbered(0, 1))).toBeGreaterThan(last);
  });

  it('writes a batch once, also when it is told twice for a lost answer', () => {
    store.append('same', numbered(0, 3));
    store.append('same', numbered(0, 3));
    store.abandon();
    store = made();
    store.append('same', numbered(0, 3));
    expect(numbersOf(replay(0))).toEqual([0, 1, 2]);
  });

  it('tells a host how many were discarded beyond its place by number', () => {
    store.abandon();
    store = limited({ maxEvents: 100 });
    store.open();
    const seen = append(numbered(0, 50));
    append(numbered(50, 150));
    const events = replay(seen);
    expect(numbersOf(events)[0]).toBe(100);
    expect(events.map(({ lostBefore }) => lostBefore).filter((lost) => lost > 0)).toEqual([50]);
    expect(replay(0)[0]?.lostBefore).toBe(100);
    expect(store.tick().summary).toMatchObject({ count: 100, discarded: 100, unstored: 0 });
  });

  it('discards by size, and counts it', () => {
    store.abandon();
    store = limited({ maxBytes: 500_000 });
    store.open();
    const bulky = (from: number): NewEvent[] =>
      numbered(from, 100).map((event) => ({ ...event, type: 'x'.repeat(200), details: event.details.padEnd(2_000) }));
    for (let from = 0; from < 2_000; from += 100) append(bulky(from));
    const [first] = replay(0);
    const { count, discarded, bytes } = store.tick().summary;
    expect(bytes).toBeLessThanOrEqual(500_000);
    expect(count).toBeGreaterThan(100);
    expect(count + discarded).toBe(2_000);
    expect(first?.lostBefore).toBe(discarded);
    expect(numbersOf(replay(0)).at(-1)).toBe(1_999);
  });

  it('discards by the time that the agent ran, whatever the clock says', () => {
    append(numbered(0, 5));
    clock.wall += 10 * 365 * DAY_MS;
    store.tick();
    expect(replay(0)).toHaveLength(5);
    clock.steady += 20 * DAY_MS;
    append(numbered(5, 5));
    reopen();
    clock.steady += 11 * DAY_MS;
    store.tick();
    expect(numbersOf(replay(0))).toEqual([5, 6, 7, 8, 9]);
    expect(replay(0)[0]?.lostBefore).toBe(5);
  });

  it('counts what could not be kept, and tells it with the next event', () => {
    const seen = append(numbered(0, 1));
    append([{ ...numbered(1, 1)[0], lostBefore: 7 }, ...numbered(2, 1)]);
    expect(replay(seen).map(({ lostBefore }) => lostBefore)).toEqual([7, 0]);
    expect(store.tick().summary.unstored).toBe(7);
  });

  it('leaves out types that are not wanted, without calling them lost', () => {
    append(numbered(0, 300).map((event, index) => (index % 100 === 99 ? { ...event, type: 'input.active' } : event)));
    const events = replay(0, ['input.active', 'nothing']);
    expect(numbersOf(events)).toEqual([99, 199, 299]);
    expect(events.every(({ lostBefore }) => lostBefore === 0)).toBe(true);
  });

  it('starts over for a host that has a number of another store, and goes on beyond it', () => {
    const last = append(numbered(0, 2));
    const beyond = last + 5_000_000_000;
    expect(store.locate(beyond)).toMatchObject({ isKnown: false, last });
    expect(numbersOf(replay(beyond))).toEqual([0, 1]);
    expect(append(numbered(2, 1))).toBe(beyond + 1);
    // Also when the first attempt was cut, for it still has that number.
    expect(numbersOf(replay(beyond))).toEqual([0, 1, 2]);
    expect(replay(last).map(({ lostBefore }) => lostBefore)).toEqual([0]);
    expect(store.locate(2 ** 64)).toMatchObject({ isKnown: false });
    expect(append(numbered(3, 1))).toBe(beyond + 2);
    expect(store.locate(12)).toMatchObject({ isKnown: false, after: 0 });
  });

  it('tells each host by its own presence whether it was there', () => {
    store.mark('a', 'online');
    append(numbered(0, 1));
    store.mark('a', 'grace');
    store.mark('b', 'online');
    append(numbered(1, 1));
    store.mark('a', 'offline');
    append(numbered(2, 1));
    const periods = (account: string): string[] => replay(0, [], account).map(({ period }) => period);
    expect(periods('a')).toEqual(['online', 'grace', 'offline']);
    expect(periods('b')).toEqual(['offline', 'online', 'online']);
    expect(periods('nobody')).toEqual(['offline', 'offline', 'offline']);
    expect(reopen(true).inGrace).toEqual(['b']);
    append(numbered(3, 1));
    expect(periods('b').at(-1)).toBe('grace');
  });

  it('says when the process before it was killed, and not when it ended in order', () => {
    expect(reopen().killedAtMs).toBeUndefined();
    clock.wall += 60_000;
    store.tick();
    expect(reopen(true).killedAtMs).toBe(clock.wall);
    expect(reopen().killedAtMs).toBeUndefined();
  });

  it.each([
    ['garbage', (path: string) => writeFileSync(path, 'not a database at all, '.repeat(5_000))],
    ['half a file', (path: string) => truncateSync(path, 4_096 * 3 + 100)],
    [
      'pages of garbage',
      (path: string) => {
        const bytes = readFileSync(path);
        bytes.fill(0xa5, 4_096, 4_096 * 6);
        writeFileSync(path, bytes);
      },
    ],
    [
      'the form of a later version',
      (path: string) => {
        const database = new DatabaseSync(path);
        database.exec('PRAGMA user_version = 99');
        database.close();
      },
    ],
    [
      'somebody else’s database',
      (path: string) => {
        rmSync(path);
        const database = new DatabaseSync(path);
        database.exec('CREATE TABLE other (id); PRAGMA user_version = 1');
        database.close();
      },
    ],
  ])('sets aside %s, and says so', (_, spoil) => {
    const last = append(numbered(0, 2_000));
    store.close();
    spoil(join(directory, EVENTS_FILE));
    store = made();
    expect(store.open().replaced).toBe('damaged');
    expect(readdirSync(directory)).toContain(DAMAGED_EVENTS_FILE);
    expect(append(numbered(0, 1))).toBeGreaterThan(last);
    expect(numbersOf(replay(0))).toEqual([0]);
    expect(store.locate(last).isKnown).toBe(false);
  });

  it('sets aside a file whose pages turn out bad while it is used, and goes on', () => {
    // More than the store keeps in memory.
    const last = append(numbered(0, 20_000).map((event) => ({ ...event, details: event.details.padEnd(500) })));
    store.close();
    store = made();
    store.open();
    const path = join(directory, EVENTS_FILE);
    const bytes = readFileSync(path);
    bytes.fill(0xa5, 4_096);
    writeFileSync(path, bytes);
    expect(replay(0)).toEqual([]);
    expect(append(numbered(1, 1))).toBeGreaterThan(last);
    expect(numbersOf(replay(0))).toEqual([1]);
    expect(readdirSync(directory)).toContain(DAMAGED_EVENTS_FILE);
  });

  it('can be looked into while it is written, and when nobody does', () => {
    append(numbered(0, 30));
    const path = join(directory, EVENTS_FILE);
    const look = (): unknown => readNewest(path, 2).newest.map(({ details }) => details);
    expect(look()).toEqual(['{"n":28}', '{"n":29}']);
    store.close();
    expect(look()).toEqual(['{"n":28}', '{"n":29}']);
    expect(readNewest(path, 2)).toMatchObject({ count: 30, discarded: 0 });
  });

  it('replays 100,000 events in seconds', () => {
    for (let from = 0; from < 100_000; from += 500) append(numbered(from, 500));
    const startedAt = performance.now();
    const events = replay(0);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    expect(numbersOf(events)).toEqual(Array.from({ length: 100_000 }, (_, index) => index));
  }, 60_000);
});
