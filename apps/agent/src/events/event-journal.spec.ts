import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SiteEvent } from '../site/site-event.js';
import { EventJournal, type EventJournalOptions } from './event-journal.js';
import { EventStore } from './event-store.js';
import { EventStoreError } from './event-thread.js';
import type { AsyncEventStore } from './event-thread.messages.js';
import { eventLimits, type StoredEvent } from './stored-event.js';

/** The real store on this thread, whose disk can be made to fail. */
class FailingStore implements AsyncEventStore {
  fault: EventStoreError | undefined;
  appends = 0;
  /** `account period` as it was told of who is there. */
  readonly marks: string[] = [];

  constructor(readonly store: EventStore) {}

  readonly open = this.#caller('open');
  readonly append = this.#caller('append');
  readonly locate = this.#caller('locate');
  readonly read = this.#caller('read');
  readonly mark = this.#caller('mark');
  readonly tick = this.#caller('tick');
  readonly close = this.#caller('close');

  #caller<Name extends keyof AsyncEventStore>(name: Name): AsyncEventStore[Name] {
    const call = async (...args: unknown[]): Promise<unknown> => {
      if (name === 'append') this.appends += 1;
      if (name === 'mark') this.marks.push(args.join(' '));
      if (this.fault !== undefined) throw this.fault;
      return (this.store[name] as (...given: unknown[]) => unknown).apply(this.store, args);
    };
    return call as AsyncEventStore[Name];
  }
}

const FULL = new EventStoreError('database or disk is full', true);
const TIMES = { groupMs: 2, retryMs: 5, maxRetryMs: 10, graceMs: 60_000 };

const event = (n: number, type = 'camera.motion'): SiteEvent => ({
  type,
  sourceId: 'c',
  at: new Date(),
  details: { n },
});
const numberOf = ({ details }: StoredEvent): unknown =>
  (JSON.parse(details === '' ? '{}' : details) as { n?: number }).n;

describe('EventJournal', () => {
  let directory: string;
  let store: FailingStore;
  let journal: EventJournal;
  let told: string[];
  let abort: AbortController;

  const make = (options: Partial<EventJournalOptions> = {}): void => {
    const real = new EventStore({
      directory,
      limits: eventLimits,
      now: Date.now,
      steady: () => performance.now(),
    });
    store = new FailingStore(real);
    journal = new EventJournal({
      store,
      times: TIMES,
      onFault: (message) => told.push(message),
      onRecovered: () => told.push('recovered'),
      onReplaced: (reason) => told.push(reason),
      onUnknownPosition: (account) => told.push(`unknown position of ${account}`),
      ...options,
    });
  };

  /** The next `count` events after `since` that the account gets, the agent's own left out. */
  const take = async (
    count: number,
    { account = 'host', since = 0, types = [] as string[] } = {},
  ): Promise<StoredEvent[]> => {
    const events: StoredEvent[] = [];
    for await (const group of journal.watch({ account, since, types }, abort.signal)) {
      events.push(...group.filter(({ type }) => !type.startsWith('agent.')));
      if (events.length >= count) break;
    }
    return events;
  };

  const settled = async (what: () => boolean): Promise<void> => {
    const deadline = Date.now() + 5_000;
    while (!what()) {
      if (Date.now() > deadline) throw new Error('not in time');
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  };

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'adit-journal-'));
    told = [];
    abort = new AbortController();
    make();
  });

  afterEach(async () => {
    abort.abort();
    await journal.close();
    await journal.close();
    store.store.abandon();
    rmSync(directory, { recursive: true });
  });

  it('gives each host what it lacks, then what happens, in order and once', async () => {
    journal.start();
    for (let n = 0; n < 300; n += 1) journal.event(event(n));
    const backlog = await take(300, { account: 'a' });
    expect(backlog.map(numberOf)).toEqual(Array.from({ length: 300 }, (_, n) => n));
    const live = [take(305, { account: 'b' }), take(5, { account: 'a', since: backlog.at(-1)?.sequence ?? 0 })];
    for (let n = 300; n < 305; n += 1) {
      journal.event(event(n));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const [all, later] = await Promise.all(live);
    expect(all?.map(numberOf)).toEqual(Array.from({ length: 305 }, (_, n) => n));
    expect(later?.map(numberOf)).toEqual([300, 301, 302, 303, 304]);
    expect(later?.map(({ period }) => period)).not.toContain('offline');
  });

  it('writes what comes together in one go', async () => {
    journal.start();
    for (let n = 0; n < 400; n += 1) journal.event(event(n));
    await take(400);
    expect(store.appends).toBeLessThanOrEqual(2);
  });

  it('keeps what a full disk does not take until there is space, and loses none below its bound', async () => {
    journal.start();
    journal.event(event(0));
    await take(1);
    store.fault = FULL;
    for (let n = 1; n < 50; n += 1) journal.event(event(n));
    await settled(() => told.length > 0);
    expect(journal.status).toMatchObject({ waiting: 49, fault: FULL.message, unstored: 0 });
    store.fault = undefined;
    const events = await take(50);
    expect(events.map(numberOf)).toEqual(Array.from({ length: 50 }, (_, n) => n));
    expect(events.every(({ lostBefore }) => lostBefore === 0)).toBe(true);
    expect(told).toEqual([FULL.message, 'recovered']);
    expect(journal.status.fault).toBeNull();
  });

  it('counts what is beyond its bound, and tells the loss where it happened', async () => {
    make({ queue: { maxEvents: 10, maxBytes: 1e6 } });
    journal.start();
    journal.event(event(0));
    await take(1);
    store.fault = FULL;
    journal.event(event(1));
    await settled(() => told.length > 0);
    for (let n = 2; n < 32; n += 1) journal.event(event(n));
    expect(journal.status).toMatchObject({ waiting: 11, unstored: 20 });
    store.fault = undefined;
    await settled(() => journal.status.waiting === 0);
    journal.event(event(32));
    const events = await take(13);
    expect(events.map(numberOf)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 32]);
    expect(events.map(({ lostBefore }) => lostBefore)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 20]);
    expect(journal.status.unstored).toBe(20);
  });

  it('bounds what waits by size too', () => {
    make({ queue: { maxEvents: 1_000, maxBytes: 10_000 } });
    store.fault = FULL;
    journal.start();
    for (let n = 0; n < 100; n += 1) journal.event({ ...event(n), details: { n, text: 'x'.repeat(1_000) } });
    expect(journal.status.waiting).toBeLessThan(10);
    expect(journal.status.waiting + journal.status.unstored).toBe(100);
  });

  it('counts a batch that can never be written, and goes on', async () => {
    journal.start();
    journal.event(event(0));
    await take(1);
    store.fault = new EventStoreError('constraint failed', false);
    journal.event(event(1));
    journal.event(event(2));
    await settled(() => journal.status.unstored === 2);
    store.fault = undefined;
    journal.event(event(3));
    const events = await take(2);
    expect(events.map((one) => [numberOf(one), one.lostBefore])).toEqual([
      [0, 0],
      [3, 2],
    ]);
  });

  it('waits for a store that cannot be opened yet, and begins with the start of the agent', async () => {
    store.fault = FULL;
    journal.start();
    journal.event(event(0));
    await settled(() => told.length > 0);
    store.fault = undefined;
    await take(1);
    expect(store.store.read('host', 0, [], 10).events.map(({ type }) => type)).toEqual([
      'agent.started',
      'camera.motion',
    ]);
  });

  it('keeps whatever a connector says', async () => {
    journal.start();
    const circular: SiteEvent['details'] = {};
    circular['self'] = circular;
    journal.event({ type: 'a'.repeat(5_000), sourceId: '\u0000\ud800', at: new Date(Number.NaN), details: circular });
    journal.event({ type: '', sourceId: '', at: new Date(-8.64e15), details: { text: 'ü'.repeat(100_000) } });
    journal.event({ type: 'plain', sourceId: '', at: new Date() });
    const events = await take(3);
    expect(events.map(({ details }) => details)).toEqual([
      '{"omitted":"not-json"}',
      '{"omitted":"too-large","bytes":200011}',
      '',
    ]);
    for (const { atMs } of events) expect(Math.abs(atMs - Date.now())).toBeLessThan(10_000);
    expect(events[0]?.type).toHaveLength(200);
  });

  it('follows who is there: online, then in grace, then offline', async () => {
    make({ times: { ...TIMES, graceMs: 200 } });
    journal.start();
    journal.event(event(0));
    await take(1, { account: 'a' });
    journal.event(event(1));
    await settled(() => journal.status.count === 3);
    await settled(() => store.marks.includes('a offline'));
    journal.event(event(2));
    await settled(() => journal.status.count === 4);
    const periods = (await take(3, { account: 'a' })).map(({ period }) => period);
    expect(periods.slice(1)).toEqual(['grace', 'offline']);
    expect((await take(3, { account: 'b' })).map(({ period }) => period)).toEqual(['offline', 'offline', 'offline']);
  });

  it('says that a host has a number of another store', async () => {
    journal.start();
    journal.event(event(0));
    expect(await take(1, { since: 8_000_000_000_000_000 - 1 })).toHaveLength(1);
    expect(told).toEqual(['unknown position of host']);
  });

  it('rejects a watch while the store cannot be read, and forgets that it was there', async () => {
    journal.start();
    journal.event(event(0));
    await take(1);
    store.fault = FULL;
    await expect(take(1)).rejects.toBeInstanceOf(EventStoreError);
  });

  it('writes what waits when it is closed, ends its watches, and does not call it a kill', async () => {
    journal.start();
    const watching = take(1_000);
    for (let n = 0; n < 20; n += 1) journal.event(event(n));
    await journal.close();
    journal.event(event(99));
    await watching;
    make();
    journal.start();
    await settled(() => journal.status.count === 23);
    const types = store.store.read('host', 0, [], 100).events.map(({ type }) => type);
    expect(types.slice(20)).toEqual(['camera.motion', 'agent.stopped', 'agent.started']);
  });

  it('says that the process before was killed', async () => {
    journal.start();
    await settled(() => journal.status.count === 1);
    store.store.abandon();
    make();
    journal.start();
    await settled(() => journal.status.count === 3);
    expect(store.store.read('host', 0, [], 100).events.map(({ type }) => type)).toEqual([
      'agent.started',
      'agent.stopped-unexpectedly',
      'agent.started',
    ]);
  });
});
