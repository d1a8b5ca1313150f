import { randomUUID } from 'node:crypto';
import {
  AlarmRepository,
  Database,
  EventIntakeRepository,
  FederationRoleRepository,
  type EventRecord,
} from '@app/persistence';
import { createLogger } from '@app/runtime';
import { type EventOwner, EventStore } from '../../apps/federation/src/events/event-store.js';
import type { ToldEvent } from '../../apps/federation/src/events/event-record.js';
import { EventMetrics } from '../../apps/federation/src/events/event.metrics.js';
import { createDatabase, type TestDatabase } from '../harness/database.js';
import { insertTenant } from './persistence.rows.js';

let database: TestDatabase;
let processes: { store: EventStore; metrics: EventMetrics; database: Database }[];
let role: EventOwner;
let owner: EventOwner;

beforeAll(async () => {
  database = await createDatabase();
  processes = await Promise.all([0, 1, 2].map(() => newProcess()));
  const { tenantId, siteId } = await insertTenant(database.query);
  const [row] = await database.query<{ id: string; lease_generation: number }>(
    'SELECT id, lease_generation FROM federation_role WHERE site_id = $1',
    [siteId],
  );
  role = { tenantId, siteId, roleId: row?.id ?? '', generation: row?.lease_generation ?? 0, store: 'pin' };
}, 60_000);

beforeEach(() => {
  owner = { ...role, store: randomUUID() };
});

afterAll(async () => {
  for (const one of processes ?? []) await one.database.close();
  await database?.drop();
});

/** What a replica of federation has of it. */
const newProcess = async () => {
  const own = await Database.open({ url: database.logins.federation, applicationName: 'test' });
  const metrics = new EventMetrics();
  const repositories = [new EventIntakeRepository(), new AlarmRepository(), new FederationRoleRepository()] as const;
  const store = new EventStore(own, ...repositories, metrics, createLogger('test', 'silent'));
  return { store, metrics, database: own };
};

const told = (sequence: number, fields: Partial<EventRecord> = {}): ToldEvent => ({
  event: {
    id: randomUUID(),
    sequence: BigInt(sequence),
    type: 'camera.motion',
    sourceId: null,
    entityId: null,
    siteTime: null,
    occurrencePeriod: 'online',
    details: {},
    detailsDropped: false,
    ...fields,
  },
  lost: 0,
  bytes: 0,
});

const run = (from: number, to: number): ToldEvent[] =>
  Array.from({ length: to - from + 1 }, (_, index) => told(from + index));

const stored = async (): Promise<string[]> => {
  const rows = await database.query<{ sequence: string; type: string }>(
    'SELECT sequence, type FROM event WHERE store = $1 ORDER BY arrived_at',
    [owner.store],
  );
  return rows.map(({ sequence, type }) => (type === 'camera.motion' ? sequence : `${sequence} ${type}`));
};

const counts = async (): Promise<Record<string, number>> => {
  const sums: Record<string, number> = {};
  for (const { metrics } of processes) {
    for (const { values } of await metrics.registry.getMetricsAsJSON()) {
      for (const { labels, value } of values) {
        const outcome = String(labels['outcome']);
        sums[outcome] = (sums[outcome] ?? 0) + value;
      }
    }
    metrics.registry.resetMetrics();
  }
  return sums;
};

/** As a server that breaks: a login may end its own connections. */
const CUT = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE application_name = 'test' AND datname = current_database() AND usename = current_user`;

describe('the store of events', () => {
  it('takes each event once and in order from several processes that have the same ones at the same time', async () => {
    await counts();
    const batches = Array.from({ length: 40 }, (_, batch) => run(batch * 10 + 1, batch * 10 + 10));
    await Promise.all(
      processes.map(async ({ store }) => {
        for (const batch of batches) await store.append(owner, batch);
      }),
    );
    expect(await stored()).toEqual(Array.from({ length: 400 }, (_, index) => String(index + 1)));
    expect(await counts()).toMatchObject({ stored: 400, repeated: 800 });
    expect(await processes[0]?.store.position(owner)).toBe(400n);
  });

  it('takes nothing twice of batches that overlap, or that go back in themselves', async () => {
    const [{ store }] = processes as [(typeof processes)[number]];
    await store.append(owner, run(1, 5));
    await store.append(owner, run(3, 8));
    await store.append(owner, [told(9), told(9), told(7), told(10)]);
    expect(await stored()).toEqual(['1', '2', '3', '4', '5', '6', '7', '8', '9', '10']);
  });

  it('keeps what one of the roles of the site is to receive, and passes over the rest', async () => {
    const [{ store }] = processes as [(typeof processes)[number]];
    const receive = (types: string[], alarms: boolean): Promise<unknown> =>
      database.query('UPDATE federation_role SET event_types = $2, federate_alarms = $3 WHERE id = $1', [
        role.roleId,
        types,
        alarms,
      ]);
    const alarmCount = async (): Promise<number> => (await database.query('SELECT id FROM alarm')).length;
    const before = await alarmCount();
    const raised = { type: 'alarm.raised', sourceId: randomUUID() };
    try {
      await receive(['input.*'], false);
      await store.append(owner, [told(1), told(2, { type: 'input.closed' }), told(3, raised)]);
      expect(await stored()).toEqual(['2 input.closed']);
      expect(await alarmCount()).toBe(before);
      const second = { id: randomUUID(), tenantId: role.tenantId, siteId: role.siteId };
      await database.query(
        `INSERT INTO federation_role (id, tenant_id, site_id, name, enabled, event_types)
         VALUES ($1, $2, $3, 'Second', true, '{camera.motion}')`,
        [second.id, second.tenantId, second.siteId],
      );
      await store.append(owner, [told(4), told(5, { type: 'door.open' }), told(6, raised)]);
      expect(await stored()).toEqual(['2 input.closed', '4']);
      expect(await alarmCount()).toBe(before + 1);
      await database.query('DELETE FROM federation_role WHERE id = $1', [second.id]);
      expect(await store.position(owner)).toBe(6n);
    } finally {
      await receive(['*'], true);
    }
  });

  it('takes nothing under an earlier lease', async () => {
    const [{ store }] = processes as [(typeof processes)[number]];
    const old = { ...owner, generation: owner.generation - 1 };
    await expect(store.append(old, run(1, 3))).rejects.toMatchObject({ code: 'role-not-connected' });
    expect(await stored()).toEqual([]);
  });

  it('counts the stores of a site each for itself: another machine begins anew', async () => {
    const [{ store }] = processes as [(typeof processes)[number]];
    await store.append(owner, run(1, 3));
    const other = { ...owner, store: randomUUID() };
    await store.append(other, run(1, 2));
    expect([await store.position(owner), await store.position(other)]).toEqual([3n, 2n]);
  });

  it('leaves a mark for what the database refuses, and goes on behind it', async () => {
    const [{ store }] = processes as [(typeof processes)[number]];
    await counts();
    const loss = { ...told(3).event, type: 'events.lost', details: { count: 4 } };
    const bad = { ...told(3, { type: 'x'.repeat(500) }), loss, lost: 4 };
    await store.append(owner, [told(1), told(2), bad, told(4)]);
    expect(await stored()).toEqual(['1', '2', '3 events.lost', '3 events.unreadable', '4']);
    expect(await counts()).toMatchObject({ stored: 4, lost: 4, unreadable: 1 });
  });

  it('takes nothing for a role that was deleted', async () => {
    const [{ store }] = processes as [(typeof processes)[number]];
    const deleted = { ...owner, roleId: randomUUID() };
    await expect(store.append(deleted, run(1, 2))).rejects.toMatchObject({ code: 'role-not-connected' });
    expect(await stored()).toEqual([]);
  });

  it('does not write half a batch when the transaction is lost', async () => {
    const [{ store, database: own }] = processes as [(typeof processes)[number]];
    const cutter = await Database.open({ url: database.logins.federation, applicationName: 'cutter' });
    const cutting = (async () => {
      for (let round = 0; round < 20; round++) {
        await cutter.inSystem((tx) => tx.query(CUT));
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      await cutter.close();
    })();
    for (let batch = 0; batch < 40; batch++) {
      for (let isDone = false; !isDone;) {
        isDone = await store.append(owner, run(batch * 20 + 1, batch * 20 + 20)).then(
          () => true,
          (error: { code?: string }) => {
            expect(error.code).toBe('unavailable');
            return false;
          },
        );
      }
    }
    await cutting;
    expect(await own.ping()).toBe(true);
    expect(await stored()).toEqual(Array.from({ length: 800 }, (_, index) => String(index + 1)));
  }, 30_000);
});
