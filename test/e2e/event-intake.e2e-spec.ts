import { directory } from '@app/contracts';
import { DEFAULT_TENANT_ID } from '@app/persistence';
import { waitUntil } from '../harness/condition.js';
import { denied, ScriptedSite } from '../harness/scripted-site.js';
import { FederationDesk } from '../harness/federation-desk.js';
import { Platform } from '../harness/platform.js';
import type { HttpClient } from './http-client.js';
import { audited, newOperator, signInFirst } from './operators.js';

interface SiteEvent {
  id: string;
  type: string;
  sequence: string;
  position: string;
  siteId: string;
}
interface Listed<T> {
  items: T[];
  nextCursor: string | null;
}

const ALLOW = { ADIT_DIRECT_ALLOW_CIDRS: '127.0.0.0/8' };

let platform: Platform;
let desk: FederationDesk;
let admin: HttpClient;

beforeAll(async () => {
  platform = await Platform.start({
    apps: ['federation', 'admin-api'],
    extra: { federation: ALLOW },
    ownPostgres: true,
  });
  desk = new FederationDesk(platform);
  admin = await signInFirst(platform);
}, 90_000);

afterAll(async () => {
  await desk?.[Symbol.asyncDispose]();
  await platform?.stop();
}, 30_000);

/** A site with a connected role. */
const connect = async (label: string): Promise<{ site: ScriptedSite; siteId: string }> => {
  const site = await ScriptedSite.start();
  const siteId = await desk.createSite(label);
  await desk.activate(siteId, site);
  await desk.untilRole(siteId, 'connected', ({ state }) => state === 'connected');
  return { site, siteId };
};

const stored = (siteId: string): Promise<{ sequence: string; type: string }[]> =>
  platform.query('SELECT sequence, type FROM event WHERE site_id = $1 ORDER BY arrived_at', [siteId]);

const untilStored = (siteId: string, count: number, ms = 30_000): Promise<void> =>
  waitUntil(
    `${count} events are stored`,
    async () => {
      const [row] = await platform
        .query<{ events: number }>('SELECT count(*)::int AS events FROM event WHERE site_id = $1', [siteId])
        .catch(() => []);
      return (row?.events ?? 0) >= count;
    },
    ms,
  );

const list = async (query: string, client = admin): Promise<SiteEvent[]> => {
  const { status, body } = await client.ask<Listed<SiteEvent>>('GET', `/api/v1/events?${query}`);
  expect(status).toBe(200);
  return body.items;
};

/** Emits until told to stop, in an even flow. @returns how many */
const flow = (site: ScriptedSite): (() => number) => {
  let count = 0;
  const timer = setInterval(() => {
    for (let i = 0; i < 5; i++) site.emit({ type: 'flow', details: { number: ++count } });
  }, 10);
  return () => {
    clearInterval(timer);
    return count;
  };
};

/** None lost, none twice, in order. */
const expectAll = async (siteId: string, count: number): Promise<void> => {
  await untilStored(siteId, count);
  const sequences = (await stored(siteId)).map(({ sequence }) => Number(sequence));
  expect(sequences).toEqual(Array.from({ length: count }, (_, index) => index + 1));
};

describe('events of a site', () => {
  it('arrive with what the site told, and with our time', async () => {
    const { site, siteId } = await connect('told');
    await using _ = site;
    site.emit({
      type: 'camera.motion',
      sourceId: 'gate',
      siteTime: { seconds: 946_684_800n, nanos: 5_000_000 },
      occurrencePeriod: directory.OccurrencePeriod.OFFLINE,
      details: { region: 'left' },
    });
    await untilStored(siteId, 1);
    const [event] = await list(`siteId=${siteId}`);
    expect(event).toMatchObject({
      siteId,
      siteLabel: 'told',
      type: 'camera.motion',
      sequence: '1',
      sourceId: 'gate',
      siteTime: '2000-01-01T00:00:00.005Z',
      occurrencePeriod: 'offline',
      details: { region: 'left' },
      detailsDropped: false,
    });
    const { body } = await admin.ask('GET', `/api/v1/events/${event?.id}`);
    expect(body).toEqual(event);
    expect(Date.parse(body['arrivedAt'] as string)).toBeGreaterThan(Date.now() - 30_000);
  });

  it('are found by what they are about, their type, their times and their period', async () => {
    const { site, siteId } = await connect('filters');
    await using _ = site;
    const at = (day: number) => ({ siteTime: { seconds: BigInt(Date.UTC(2026, 0, day) / 1_000), nanos: 0 } });
    const { ONLINE, GRACE } = directory.OccurrencePeriod;
    site.emit(
      { type: 'camera.motion', sourceId: 'gate', occurrencePeriod: ONLINE, ...at(3) },
      { type: 'camera.offline', sourceId: 'yard', occurrencePeriod: GRACE, ...at(1) },
      { type: 'input.active', sourceId: 'gate', occurrencePeriod: ONLINE, ...at(2) },
      { type: 'camera_motion%', occurrencePeriod: ONLINE, ...at(4) },
    );
    await untilStored(siteId, 4);
    const of = async (query: string): Promise<number[]> =>
      (await list(`siteId=${siteId}&${query}`)).map(({ sequence }) => Number(sequence));
    expect(await of('')).toEqual([4, 3, 2, 1]);
    expect(await of('sort=arrivedAt')).toEqual([1, 2, 3, 4]);
    expect(await of('sort=siteTime')).toEqual([2, 3, 1, 4]);
    expect(await of('type=camera.*')).toEqual([2, 1]);
    expect(await of('type=camera.motion')).toEqual([1]);
    expect(await of('type=camera_motion%25*')).toEqual([4]);
    expect(await of('occurrencePeriod=grace')).toEqual([2]);
    expect(await of('timeOf=site&from=2026-01-02T00:00:00Z&to=2026-01-03T00:00:00Z')).toEqual([3]);
    expect(await of('to=2026-01-03T00:00:00Z')).toEqual([]);
    const [gate] = await platform.query<{ id: string }>(
      "SELECT entity_id AS id FROM event WHERE source_id = 'gate' AND site_id = $1",
      [siteId],
    );
    expect(await of(`entityId=${gate?.id}`)).toEqual([3, 1]);
    const first = await admin.ask<Listed<SiteEvent>>('GET', `/api/v1/events?siteId=${siteId}&limit=3`);
    const cursor = first.body.nextCursor ?? '';
    expect((await list(`siteId=${siteId}&limit=3&cursor=${cursor}`)).map(({ sequence }) => sequence)).toEqual(['1']);
    const refused = await admin.ask('GET', `/api/v1/events?limit=3&cursor=${cursor}`);
    expect(refused).toMatchObject({ status: 400, body: { code: 'invalid-cursor' } });
    for (const query of ['type=a*b', 'type=*', 'sort=type', 'occurrencePeriod=never', 'timeOf=mine', 'siteId=x']) {
      expect((await admin.ask('GET', `/api/v1/events?${query}`)).status).toBe(400);
    }
  });

  it('are kept whatever they say: garbage, a loss, a repetition, nonsense times', async () => {
    const { site, siteId } = await connect('garbage');
    await using _ = site;
    site.emit(
      { type: '\u0000\u001b[31m', sourceId: 'x'.repeat(10_000), details: { text: 'y'.repeat(100_000) } },
      { type: 'odd', details: { 'n\u0000': 1 }, siteTime: { seconds: 2n ** 61n, nanos: -5 } },
      { type: 'after-loss', lostBefore: 17n },
      { type: 'again', sequence: 2n },
      { type: 'none', sequence: 0n },
      { type: 'jump', sequence: 1_000n },
      { type: 'huge', sequence: 2n ** 64n - 1n },
      { type: "'; DROP TABLE event; --", sequence: 1_001n },
    );
    await untilStored(siteId, 6);
    const rows = await stored(siteId);
    expect(rows).toEqual([
      { sequence: '1', type: '[31m' },
      { sequence: '2', type: 'odd' },
      { sequence: '3', type: 'events.lost' },
      { sequence: '3', type: 'after-loss' },
      { sequence: '1000', type: 'jump' },
      { sequence: '1001', type: "'; DROP TABLE event; --" },
    ]);
    const events = await list(`siteId=${siteId}&sort=arrivedAt`);
    expect(events).toMatchObject([
      { detailsDropped: true, details: {}, sourceId: null },
      { detailsDropped: true, siteTime: null },
      { details: { count: 17 } },
      { details: {} },
      {},
      {},
    ]);
  });

  it('of 10,000 that waited are stored in seconds, none lost, in order', async () => {
    const { site, siteId } = await connect('backlog');
    await using _ = site;
    await site.close();
    for (let i = 0; i < 10_000; i++) {
      site.emit({ type: 'camera.motion', sourceId: 'gate', details: { number: i, text: 'x'.repeat(200) } });
    }
    await site.open();
    const openedAt = performance.now();
    await expectAll(siteId, 10_000);
    // The bar of 60 s is for a line of 10 Mbit/s; here there is none in the way, but a reconnection.
    expect(performance.now() - openedAt).toBeLessThan(30_000);
  }, 60_000);
});

describe('in a flow of events', () => {
  it('federation is killed twice and the line is cut: none lost, none twice, order kept', async () => {
    const { site, siteId } = await connect('killed');
    await using _ = site;
    const stop = flow(site);
    await untilStored(siteId, 50);
    await platform.kill('federation');
    await untilStored(siteId, 300);
    site.cut();
    await platform.kill('federation');
    const before = site.asked.length;
    await waitUntil('the site is watched again', () => site.asked.length > before, 30_000).catch(() => undefined);
    await expectAll(siteId, stop());
    expect(new Set(site.asked).size).toBeGreaterThan(1);
  }, 90_000);

  it('PostgreSQL is killed: the site waits, none lost, none twice, order kept', async () => {
    const { site, siteId } = await connect('no-database');
    await using _ = site;
    const stop = flow(site);
    await untilStored(siteId, 50);
    await platform.killPostgres();
    await untilStored(siteId, 300);
    await expectAll(siteId, stop());
  }, 90_000);

  it('its role is renamed, switched off and on again: none lost, none twice', async () => {
    const { site, siteId } = await connect('switched');
    await using _ = site;
    const stop = flow(site);
    await untilStored(siteId, 20);
    await desk.change(siteId, { name: 'Renamed' });
    await desk.change(siteId, { enabled: false });
    await desk.change(siteId, { enabled: true });
    await untilStored(siteId, 200);
    await expectAll(siteId, stop());
  }, 60_000);

  it('a role that is deleted gets no more, and one created again goes on where it was', async () => {
    const { site, siteId } = await connect('deleted');
    await using _ = site;
    const stop = flow(site);
    await untilStored(siteId, 20);
    const { id } = await desk.role(siteId);
    expect((await admin.ask('DELETE', `/api/v1/federation-roles/${id}`)).status).toBe(204);
    const [{ events } = { events: 0 }] = await platform.query<{ events: number }>(
      'SELECT count(*)::int AS events FROM event WHERE site_id = $1',
      [siteId],
    );
    site.emit({ type: 'meanwhile' });
    const body = { siteId, directoryAddress: site.address, username: site.username, tlsPin: site.tlsPin };
    const account = { password: site.password, enabled: true };
    const made = await admin.ask('POST', '/api/v1/federation-roles', { ...body, ...account });
    expect(made.status).toBe(201);
    await untilStored(siteId, events + 50);
    const count = stop() + 1;
    await expectAll(siteId, count);
  }, 60_000);
});

describe('a contact', () => {
  it('goes on without events where the account may see none', async () => {
    const site = await ScriptedSite.start();
    await using _ = site;
    site.refusal = denied();
    const siteId = await desk.createSite('denied');
    await desk.activate(siteId, site);
    await desk.untilRole(siteId, 'connected', ({ state }) => state === 'connected');
    site.emit({ type: 'unseen' });
    const { state } = await desk.role(siteId);
    expect([state, await stored(siteId)]).toEqual(['connected', []]);
  });
});

describe('alarms', () => {
  interface Alarm {
    id: string;
    state: string;
    delivery: string;
    deliveryReason: string | null;
    acknowledgedBy: string | null;
  }
  const alarms = async (siteId: string): Promise<Alarm[]> =>
    (await admin.ask<Listed<Alarm>>('GET', `/api/v1/alarms?siteId=${siteId}`)).body.items;
  const acknowledge = (id: string, client = admin) => client.ask<Alarm>('POST', `/api/v1/alarms/${id}/acknowledge`, {});
  const untilDelivery = async (siteId: string, delivery: string): Promise<void> =>
    waitUntil(`the delivery is ${delivery}`, async () => (await alarms(siteId))[0]?.delivery === delivery);

  it('are raised once, acknowledged by one person, and their site hears of it', async () => {
    const { site, siteId } = await connect('alarms');
    await using _ = site;
    const raised = { type: 'alarm.raised', sourceId: 'door-1', details: { alarmId: 'a-7' } };
    site.emit(raised, raised);
    await untilStored(siteId, 2);
    const [alarm, ...more] = await alarms(siteId);
    expect(more).toEqual([]);
    expect(alarm).toMatchObject({ state: 'active', delivery: 'none', remoteAlarmId: 'a-7', sourceId: 'door-1' });
    const answers = await Promise.all([
      acknowledge(alarm?.id ?? ''),
      acknowledge(alarm?.id ?? ''),
      acknowledge(alarm?.id ?? ''),
    ]);
    expect(answers.map(({ status, body }) => [status, body.state, body.acknowledgedBy])).toEqual(
      Array(3).fill([200, 'acknowledged', 'operator:admin']),
    );
    await untilDelivery(siteId, 'done');
    expect(site.commands).toHaveLength(1);
    expect(site.commands[0]).toMatchObject({
      entityId: 'door-1',
      user: 'operator:admin',
      command: { case: 'acknowledgeAlarm', value: { alarmId: 'a-7' } },
    });
    const mine = (await audited(platform, 'alarm.acknowledged')).filter(({ subject }) => subject === alarm?.id);
    expect(mine).toMatchObject([{ actor: 'operator:admin', details: { siteId } }]);
    site.emit(raised);
    await waitUntil('it is raised anew', async () => (await alarms(siteId)).length === 2);
    site.emit({ ...raised, type: 'alarm.acknowledged', details: { alarmId: 'a-7', user: 'guard' } });
    await waitUntil('the site settled it', async () => (await alarms(siteId))[0]?.acknowledgedBy === 'site:guard');
    expect(site.commands).toHaveLength(1);
    const one = await admin.ask<Alarm>('GET', `/api/v1/alarms/${alarm?.id ?? ''}`);
    expect(one).toMatchObject({ status: 200, body: { delivery: 'done' } });
  });

  it('of a site that is away are acknowledged now, and told when it is back, though federation dies meanwhile', async () => {
    const { site, siteId } = await connect('away');
    await using _ = site;
    site.emit({ type: 'alarm.raised', sourceId: 'door-1' });
    await untilStored(siteId, 1);
    await site.close();
    await desk.untilRole(siteId, 'lost', ({ state }) => state === 'connection-failed');
    const [alarm] = await alarms(siteId);
    expect((await acknowledge(alarm?.id ?? '')).body).toMatchObject({ state: 'acknowledged', delivery: 'pending' });
    await platform.kill('federation');
    await site.open();
    await untilDelivery(siteId, 'done');
    expect(site.commands.map(({ command }) => command)).toMatchObject([{ value: { alarmId: 'door-1' } }]);
  }, 60_000);

  it('that a site refuses stay acknowledged here, with the site’s reason', async () => {
    const { site, siteId } = await connect('refuses');
    await using _ = site;
    site.answer = { outcome: directory.ExecuteResponse_Outcome.REFUSED, reason: 'no-right: \u0007not you' };
    site.emit({ type: 'alarm.raised', sourceId: 'door-1' });
    await untilStored(siteId, 1);
    const [alarm] = await alarms(siteId);
    await acknowledge(alarm?.id ?? '');
    await untilDelivery(siteId, 'refused');
    expect((await alarms(siteId))[0]).toMatchObject({ state: 'acknowledged', deliveryReason: 'no-right: not you' });
    const told = (await audited(platform, 'alarm.forwarded')).filter(({ subject }) => subject === alarm?.id);
    expect(told).toMatchObject([{ actor: 'system', details: { outcome: 'refused' } }]);
  });

  it('are seen by a viewer and acknowledged by no viewer', async () => {
    const { client } = await newOperator(platform, admin, ['viewer']);
    const { body } = await client.ask<Listed<Alarm>>('GET', '/api/v1/alarms?state=acknowledged&limit=1');
    expect(body.items).toHaveLength(1);
    expect(await acknowledge(body.items[0]?.id ?? '', client)).toMatchObject({
      status: 403,
      body: { code: 'forbidden' },
    });
    expect(await acknowledge(DEFAULT_TENANT_ID)).toMatchObject({ status: 404, body: { code: 'alarm-not-found' } });
  });
});
