import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { Database, EventIntakeRepository, DEFAULT_TENANT_ID } from '@app/persistence';
import { EventSource } from 'eventsource';
import { waitUntil } from '../harness/condition.js';
import { Platform } from '../harness/platform.js';
import { WebhookReceiver } from '../harness/webhook-receiver.js';
import { HttpClient } from './http-client.js';
import { firstPassword, newOperator, signInFirst } from './operators.js';
import { insertTenant } from './persistence.rows.js';

interface Heard {
  position: string;
  type: string;
  sequence: string;
  siteId: string;
}

const intake = new EventIntakeRepository();
const STRANGER = { username: 'stranger', password: 'the stranger’s password' };

let platform: Platform;
let owner: Database;
let receiver: WebhookReceiver;
let admin: HttpClient;
let adminToken: string;
let siteId: string;
let sequence = 0;
const undo: (() => void)[] = [];

beforeAll(async () => {
  receiver = await WebhookReceiver.plain();
  platform = await Platform.start({
    apps: ['admin-api'],
    extra: { 'admin-api': { ADIT_WEBHOOK_ALLOW_CIDRS: '127.0.0.1/32' } },
  });
  owner = await Database.open({ url: platform.database.ownerUrl, applicationName: 'test' });
  admin = await signInFirst(platform);
  adminToken = await tokenFor('admin', firstPassword(platform));
  const { body } = await admin.ask<{ id: string }>('POST', '/api/v1/sites', { name: 'Hamburg' });
  siteId = body.id;
}, 60_000);

afterEach(() => {
  for (const end of undo.splice(0)) end();
});

afterAll(async () => {
  await owner?.close();
  await receiver?.[Symbol.asyncDispose]();
  await platform?.stop();
}, 30_000);

const tokenFor = async (username: string, password: string): Promise<string> => {
  const { body } = await new HttpClient(platform.api).ask<{ token: string }>('POST', '/api/v1/sessions', {
    username,
    password,
  });
  return body.token;
};

/** Writes events as federation does. */
const arrive = async (
  types: readonly string[],
  of = { tenantId: DEFAULT_TENANT_ID, siteId },
  text = '',
): Promise<void> => {
  const records = types.map((type) => ({
    id: randomUUID(),
    sequence: BigInt(++sequence),
    type,
    sourceId: null,
    entityId: null,
    siteTime: new Date(),
    occurrencePeriod: 'online' as const,
    details: { text },
    detailsDropped: false,
  }));
  await owner.inTenant(of.tenantId, (tx) => intake.append(tx, { ...of, store: 'pin' }, records));
};

/** A client as the WHATWG describes it, which reconnects by itself. */
const follow = async (query = '', headers: Record<string, string> = { authorization: `Bearer ${adminToken}` }) => {
  const heard: Heard[] = [];
  const opened: (string | undefined)[] = [];
  const failures: (number | undefined)[] = [];
  const source = new EventSource(`${platform.api}/api/v1/events/stream${query}`, {
    fetch: (url, init) => {
      const given = init.headers as Record<string, string>;
      opened.push(given['Last-Event-ID']);
      return fetch(url, { ...init, headers: { ...given, ...headers } });
    },
  });
  undo.push(() => source.close());
  source.addEventListener('message', ({ data }) => heard.push(JSON.parse(data as string) as Heard));
  source.addEventListener('error', ({ code }) => failures.push(code));
  await waitUntil('the stream is open or refused', () => source.readyState === 1 || failures.length > 0);
  return { heard, opened, failures, source };
};

const typesOf = (heard: readonly Heard[]): string[] => heard.map(({ type }) => type);

describe('a stream of events', () => {
  it('brings what arrives, in its order, as it is shown by its id', async () => {
    await arrive(['before']);
    const { heard } = await follow();
    const startedAt = performance.now();
    await arrive(['one', 'two']);
    await waitUntil('two came', () => heard.length === 2);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    await arrive(['three']);
    await waitUntil('three came', () => heard.length === 3);
    expect(typesOf(heard)).toEqual(['one', 'two', 'three']);
    const { id } = heard[0] as Heard & { id: string };
    expect((await admin.ask('GET', `/api/v1/events/${id}`)).body).toEqual(heard[0]);
  });

  it('brings only what is asked for', async () => {
    const { heard } = await follow('?type=camera.*&occurrencePeriod=online');
    const elsewhere = await follow(`?siteId=${randomUUID()}`);
    await arrive(['camera.motion', 'input.active', 'camera.offline']);
    await waitUntil('two came', () => heard.length === 2);
    expect(typesOf(heard)).toEqual(['camera.motion', 'camera.offline']);
    expect(elsewhere.heard).toEqual([]);
  });

  it('goes on where it was after the app is killed and while events go on: no gap, no double', async () => {
    const { heard, opened } = await follow('?type=flow*');
    let written = 0;
    let isOver = false;
    const writing = (async () => {
      while (!isOver) {
        await arrive(Array.from({ length: 20 }, () => `flow-${++written}`));
        await arrive(['other']);
      }
    })();
    await waitUntil('it flows', () => heard.length > 100);
    await platform.kill('admin-api');
    await waitUntil('it flows again', () => heard.length > 400, 30_000);
    await platform.kill('admin-api');
    await waitUntil('and again', () => opened.length > 2 && heard.length > 800, 30_000);
    isOver = true;
    await writing;
    await waitUntil('all came', () => heard.length >= written, 30_000);
    expect(typesOf(heard)).toEqual(Array.from({ length: written }, (_, index) => `flow-${index + 1}`));
    expect(opened[0]).toBeUndefined();
    expect(opened.at(-1)).toMatch(/^\d{16}$/);
  }, 90_000);

  it('begins behind any position that is known, and refuses what is none', async () => {
    await arrive(['p1', 'p2', 'p3']);
    const page = await admin.ask<{ items: Heard[] }>('GET', '/api/v1/events?type=p*');
    const [, second] = page.body.items;
    const { heard } = await follow(`?type=p*&after=${second?.position}`);
    await waitUntil('the third came', () => heard.length === 1);
    expect(typesOf(heard)).toEqual(['p3']);
    const ask = (headers: Record<string, string>, query = ''): Promise<unknown> =>
      admin.ask('GET', `/api/v1/events/stream${query}`, undefined, headers);
    const invalid = { status: 400, body: { code: 'invalid-request' } };
    expect(await ask({ 'last-event-id': "1' OR 1=1" })).toMatchObject(invalid);
    expect(await ask({}, '?after=-1')).toMatchObject(invalid);
    expect(await ask({}, '?nothing=1')).toMatchObject(invalid);
    expect(await ask({}, '?after=99999999999999999')).toMatchObject(invalid);
  });

  it('does not end for a position far in the future or at the beginning of time', async () => {
    const future = await follow('?after=9999999999999999');
    const past = await follow('?after=0&type=p1');
    await waitUntil('the past came', () => past.heard.length === 1);
    expect([future.failures, future.heard]).toEqual([[], []]);
  });

  it('is for who may read events alone, of its own tenant alone', async () => {
    await admin.ask('POST', '/api/v1/tenants', { name: 'Strangers', administrator: STRANGER });
    const authorization = `Bearer ${await tokenFor(STRANGER.username, STRANGER.password)}`;
    const foreign = await follow('', { authorization });
    const mine = await follow('?type=mine');
    expect((await follow('', {})).failures).toEqual([401]);
    const token = await admin.ask<{ token: string }>('POST', '/api/v1/api-tokens', {
      name: 'no events',
      scopes: ['sites:read'],
      expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
    });
    expect((await follow('', { authorization: `Bearer ${token.body.token}` })).failures).toEqual([403]);
    const theirs = await insertTenant(platform.query.bind(platform));
    await arrive(['theirs'], theirs);
    await arrive(['mine']);
    await waitUntil('mine came', () => mine.heard.length === 1);
    expect(foreign.heard).toEqual([]);
    expect((await admin.ask<{ items: Heard[] }>('GET', '/api/v1/events?type=theirs')).body.items).toEqual([]);
  });

  it('opens with a session’s cookie, and ends soon after the session', async () => {
    const { username, password } = await newOperator(platform, admin, ['viewer']);
    const signedIn = await fetch(`${platform.api}/api/v1/sessions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: platform.api },
      body: JSON.stringify({ username, password, cookie: true }),
    });
    const { csrfToken } = (await signedIn.json()) as { csrfToken: string };
    const cookie = (signedIn.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
    const { heard, failures } = await follow('?type=cookie*', { cookie });
    await arrive(['cookie-1']);
    await waitUntil('it came', () => heard.length === 1);
    const closed = await fetch(`${platform.api}/api/v1/sessions/current`, {
      method: 'DELETE',
      headers: { cookie, 'x-csrf-token': csrfToken, origin: platform.api },
    });
    expect(closed.status).toBe(204);
    await waitUntil('the stream is refused', () => failures.includes(401), 20_000);
  }, 40_000);

  it('has six places for each operator, which come free again', async () => {
    const { username, password } = await newOperator(platform, admin, ['viewer']);
    const authorization = `Bearer ${await tokenFor(username, password)}`;
    const streams = [];
    for (let i = 0; i < 6; i++) streams.push(await follow('', { authorization }));
    const seventh = await new HttpClient(platform.api, authorization.slice(7)).ask('GET', '/api/v1/events/stream');
    expect(seventh).toMatchObject({ status: 429, body: { code: 'too-many-event-streams' } });
    expect(seventh.headers.get('retry-after')).toBe('10');
    streams[0]?.source.close();
    await waitUntil('a place is free', async () => (await follow('', { authorization })).failures.length === 0);
  });

  it('cuts a client that takes nothing, and costs little memory until then', async () => {
    const { hostname, port } = new URL(platform.api);
    const socket = connect({ host: hostname, port: Number(port) });
    undo.push(() => socket.destroy());
    let isClosed = false;
    socket.once('close', () => (isClosed = true)).once('error', () => undefined);
    const request = `GET /api/v1/events/stream?type=big HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: Bearer ${adminToken}\r\n\r\n`;
    socket.write(request);
    await new Promise((resolve) => socket.once('data', resolve));
    socket.pause();
    const figure = async (): Promise<number> => {
      const text = await (await fetch(`http://127.0.0.1:${platform.ports.health['admin-api']}/metrics`)).text();
      return Number(/^process_resident_memory_bytes\{[^}]*\} (\d+)/m.exec(text)?.[1]);
    };
    const before = await figure();
    // 64 MB, far more than sockets hold.
    for (let i = 0; i < 40; i++) await arrive(Array(100).fill('big'), undefined, 'x'.repeat(16_000));
    expect((await figure()) - before).toBeLessThan(60 << 20);
    await new Promise((resolve) => setTimeout(resolve, 11_000));
    socket.resume();
    await waitUntil('it was cut', () => isClosed, 20_000);
  }, 60_000);
});

describe('a webhook', () => {
  it('hears of the types of events that it asked for, each once, and of no event by *', async () => {
    const made = async (events: string[], path: string): Promise<string> => {
      const { status, body } = await admin.ask<{ id: string }>('POST', '/api/v1/webhooks', {
        url: `${receiver.url}${path}`,
        events,
      });
      expect(status).toBe(201);
      return body.id;
    };
    const id = await made(['event.received:alarm.*'], '/alarms');
    await made(['*'], '/all');
    await arrive(['alarm.raised', 'camera.motion', 'alarm.cleared']);
    await waitUntil('both were told', () => receiver.of('event.received').length >= 2, 20_000);
    await arrive(['alarm.last']);
    await waitUntil('the last was told', () => receiver.of('event.received').length >= 3, 20_000);
    const told = receiver.of('event.received');
    expect(told.map(({ path, event }) => `${path} ${String(event.data['type'])}`).toSorted()).toEqual([
      '/hook/alarms alarm.cleared',
      '/hook/alarms alarm.last',
      '/hook/alarms alarm.raised',
    ]);
    expect(told[0]?.event.data).toMatchObject({ siteId, actor: `site:${siteId}`, occurrencePeriod: 'online' });
    const log = await admin.ask<{ items: object[] }>('GET', `/api/v1/webhooks/${id}/deliveries`);
    expect(log.body.items).toMatchObject(Array(3).fill({ source: 'event', event: 'event.received' }));
    const refused = await admin.ask('POST', '/api/v1/webhooks', { url: receiver.url, events: ['event.received:*'] });
    expect(refused.status).toBe(400);
  }, 60_000);
});
