import { randomUUID } from 'node:crypto';
import {
  Database,
  EVENT_LIST,
  EventIntakeRepository,
  EventRepository,
  type EventRecord,
  type EventStoreKey,
} from '@app/persistence';
import { Client } from 'pg';
import { createDatabase, type TestDatabase } from '../harness/database.js';
import { insertTenant } from './persistence.rows.js';

const intake = new EventIntakeRepository();
const reader = new EventRepository();

let database: TestDatabase;
let federation: Database;
let admin: Database;
let key: EventStoreKey;

beforeAll(async () => {
  database = await createDatabase();
  federation = await Database.open({ url: database.logins.federation, applicationName: 'test' });
  admin = await Database.open({ url: database.logins['admin-api'], applicationName: 'test' });
  const { tenantId, siteId } = await insertTenant(database.query);
  key = { tenantId, siteId, store: 'a-pin' };
}, 60_000);

afterAll(async () => {
  await federation?.close();
  await admin?.close();
  await database?.drop();
});

const record = (sequence: number, fields: Partial<EventRecord> = {}): EventRecord => ({
  id: randomUUID(),
  sequence: BigInt(sequence),
  type: 'camera.motion',
  sourceId: null,
  entityId: null,
  siteTime: new Date('2026-01-01T00:00:00Z'),
  occurrencePeriod: 'online',
  details: {},
  detailsDropped: false,
  ...fields,
});

const write = (records: readonly EventRecord[], of: EventStoreKey = key): Promise<void> =>
  federation.inTenant(of.tenantId, (tx) => intake.append(tx, of, records));

const weeks = async (): Promise<string[]> => {
  const rows = await database.query<{ name: string }>(
    "SELECT relname AS name FROM pg_class WHERE relname ~ '^event_[0-9]{8}$' ORDER BY 1",
  );
  return rows.map(({ name }) => name);
};

const keep = (days: number): Promise<{ made: number; dropped: number }> =>
  federation.inSystem((tx) => intake.keep(tx, days, 2));

describe('the log of events', () => {
  it('gives arrivals that rise in the order of the commits, whoever writes at the same time', async () => {
    await Promise.all(
      Array.from({ length: 20 }, (_, batch) =>
        write(Array.from({ length: 25 }, (__, index) => record(batch * 25 + index + 1, { type: `batch-${batch}` }))),
      ),
    );
    const rows = await database.query<{ type: string; sequence: string; at: string }>(
      'SELECT type, sequence, arrived_at::text AS at FROM event WHERE tenant_id = $1 AND store = $2 ORDER BY arrived_at',
      [key.tenantId, key.store],
    );
    expect(rows).toHaveLength(500);
    expect(new Set(rows.map(({ at }) => at)).size).toBe(500);
    // A batch is never torn apart, and is in its own order.
    for (let start = 0; start < 500; start += 25) {
      const batch = rows.slice(start, start + 25);
      expect(new Set(batch.map(({ type }) => type)).size).toBe(1);
      const sequences = batch.map(({ sequence }) => Number(sequence));
      expect(sequences).toEqual(sequences.toSorted((a, b) => a - b));
    }
  });

  it('shows a follower each event once, in order, while several write', async () => {
    let position = await admin.inTenant(key.tenantId, (tx) => reader.head(tx, key.tenantId));
    const seen: string[] = [];
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let round = 0; round < 10; round++) await write([record(round + 1, { type: `w${writer}` })]);
    });
    let done = false;
    const all = Promise.all(writers).then(() => (done = true));
    for (let last = false; ; last = done) {
      const page = await admin.inTenant(key.tenantId, (tx) => reader.after(tx, key.tenantId, position, {}, 7));
      seen.push(...page.events.map(({ type, sequence }) => `${type}:${sequence}`));
      position = page.upTo;
      if (last && page.events.length === 0) break;
    }
    await all;
    expect(seen).toHaveLength(80);
    expect(new Set(seen).size).toBe(80);
    for (let writer = 0; writer < 8; writer++) {
      const own = seen.filter((one) => one.startsWith(`w${writer}:`)).map((one) => Number(one.split(':')[1]));
      expect(own).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    }
  });

  it('pages by arrival and by the site’s time without a gap or a double', async () => {
    const of = { ...key, store: 'paged' };
    const times = [3, 1, 2, 2, 5, 4].map((day) => new Date(`2026-02-0${day}T00:00:00Z`));
    await write(
      times.map((siteTime, index) => record(index + 1, { siteTime, type: 'paged' })),
      of,
    );
    for (const by of ['arrivedAt', 'siteTime'] as const) {
      const sorts = [{ by, descending: true }];
      const seen: string[] = [];
      let after = undefined as { values: string[]; id: string } | undefined;
      do {
        const rows = await admin.inTenant(key.tenantId, (tx) =>
          reader.list(tx, key.tenantId, { type: 'pag*' }, { limit: 2, sorts, after }),
        );
        const shown = rows.slice(0, 2);
        seen.push(...shown.map(({ sequence }) => sequence));
        const last = shown.at(-1);
        after = rows.length > 2 && last ? { values: last.cursor_values, id: last.cursor_id } : undefined;
      } while (after !== undefined);
      expect(new Set(seen).size).toBe(6);
      if (by === 'arrivedAt') expect(seen).toEqual(['6', '5', '4', '3', '2', '1']);
      else expect([seen[0], seen[1], seen[5]]).toEqual(['5', '6', '2']);
    }
    expect(EVENT_LIST.decode('x', [{ by: 'arrivedAt', descending: true }], {})).toBeNull();
  });
});

describe('weeks of events', () => {
  it('are made ahead, and once', async () => {
    expect(await weeks()).toHaveLength(5);
    expect(await keep(90)).toEqual({ made: 0, dropped: 0 });
    const results = await Promise.all([keep(90), keep(90), keep(90)]);
    expect(results).toEqual(Array(3).fill({ made: 0, dropped: 0 }));
  });

  it('take in what had no week, and are dropped when all of them is over', async () => {
    const at = async (daysAgo: number, sequence: number): Promise<void> => {
      await database.query(
        `INSERT INTO event (tenant_id, arrived_at, id, site_id, store, sequence, type, occurrence_period, details, details_dropped)
         VALUES ($1, now() - make_interval(days => $2), gen_random_uuid(), $3, 'old', $4, 'old', 'online', '{}', false)`,
        [key.tenantId, daysAgo, key.siteId, sequence],
      );
    };
    for (const [index, days] of [10, 20, 60, 120].entries()) await at(days, index + 1);
    expect(await database.query('SELECT FROM event_rest')).toHaveLength(4);
    // The oldest is over already; the other three get their weeks.
    expect(await keep(90)).toEqual({ made: 3, dropped: 0 });
    expect(await database.query('SELECT FROM event_rest')).toHaveLength(0);
    const left = (): Promise<{ sequence: string }[]> =>
      database.query("SELECT sequence FROM event WHERE store = 'old' ORDER BY sequence");
    expect(await left()).toEqual([{ sequence: '1' }, { sequence: '2' }, { sequence: '3' }]);
    expect(await keep(40)).toEqual({ made: 0, dropped: 1 });
    expect(await left()).toEqual([{ sequence: '1' }, { sequence: '2' }]);
    const [open] = await database.query<{ tables: number }>(
      `SELECT count(*)::int AS tables FROM pg_class c JOIN pg_inherits i ON i.inhrelid = c.oid
        WHERE i.inhparent = 'event'::regclass AND NOT (c.relrowsecurity AND c.relforcerowsecurity)`,
    );
    expect(open).toEqual({ tables: 0 });
  });

  it('do not hold up the writers for longer than a moment when a reader is in the way', async () => {
    const client = new Client({ connectionString: database.ownerUrl });
    await client.connect();
    try {
      await client.query('BEGIN');
      await client.query('SELECT FROM event LIMIT 1');
      await expect(keep(5)).rejects.toMatchObject({ driverError: { code: '55P03' } });
      await write([record(1, { type: 'after' })], { ...key, store: 'after' });
      await client.query('COMMIT');
      expect((await keep(5)).dropped).toBeGreaterThan(0);
    } finally {
      await client.end();
    }
  }, 20_000);

  it('cannot be kept by anybody but federation, nor for a nonsense time', async () => {
    await expect(admin.inSystem((tx) => intake.keep(tx, 90, 2))).rejects.toMatchObject({
      driverError: { code: '42501' },
    });
    await expect(keep(0)).rejects.toThrow('no such retention');
  });
});
