import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Rest } from '../../tools/demo/rest.mjs';
import { waitUntil } from '../harness/condition.js';
import { otherTenant } from '../harness/other-tenant.js';
import { Platform } from '../harness/platform.js';
import { WebhookReceiver } from '../harness/webhook-receiver.js';

interface Hook {
  id: string;
  url: string;
  events: string[];
  secret: string;
  enabled: boolean;
  disabledReason: string | null;
  failingSince: string | null;
}

interface Delivery {
  id: string;
  event: string;
  seq: number;
  state: string;
  attempts: number;
  lastStatus: number | null;
  lastError: string | null;
}

let platform: Platform;
let rest: Rest;
let secure: WebhookReceiver;
let plain: WebhookReceiver;
let directory: string;

beforeAll(async () => {
  secure = await WebhookReceiver.tls();
  plain = await WebhookReceiver.plain();
  directory = mkdtempSync(join(tmpdir(), 'adit-hooks-'));
  const ADIT_WEBHOOK_CA_FILE = join(directory, 'ca.pem');
  writeFileSync(ADIT_WEBHOOK_CA_FILE, secure.ca);
  platform = await Platform.start({
    apps: ['admin-api'],
    extra: { 'admin-api': { ADIT_WEBHOOK_ALLOW_CIDRS: '127.0.0.1/32', ADIT_WEBHOOK_CA_FILE } },
  });
  rest = await platform.signIn();
}, 60_000);

afterAll(async () => {
  await platform?.stop();
  await secure?.[Symbol.asyncDispose]();
  await plain?.[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
}, 30_000);

const create = async (url: string, events = ['site.created'], by = rest): Promise<Hook> =>
  (await by.call('POST', '/webhooks', { url, events })) as Hook;
const log = (hook: Hook): Promise<Delivery[]> => rest.list<Delivery>(`/webhooks/${hook.id}/deliveries`);
const find = async ({ id }: Hook): Promise<Hook> => (await rest.call('GET', `/webhooks/${id}`)) as Hook;
const remove = ({ id }: Hook): Promise<unknown> => rest.call('DELETE', `/webhooks/${id}`);
const untilLogged = (hook: Hook, state: string, count = 1, limitMs = 20_000): Promise<void> =>
  waitUntil(
    `${count} deliveries are ${state}`,
    async () => (await log(hook)).filter((delivery) => delivery.state === state).length >= count,
    limitMs,
  );

describe('a webhook', () => {
  it('is told what happens, signed, over TLS, and its secret is shown once', async () => {
    const hook = await create(secure.url, ['site.*']);
    expect(hook.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    const site = await rest.createSite('Told');
    await waitUntil('it was told', () => secure.of('site.created').length === 1);
    const [message] = secure.of('site.created');
    expect(message?.event.data).toMatchObject({ subject: site.id, actor: 'operator:admin', name: 'Told' });
    expect(message?.headers['webhook-id']).toMatch(/^msg_[0-9a-f]{32}$/);
    expect(secure.verifies(hook.secret)).toBe(true);
    await untilLogged(hook, 'delivered');
    expect(await log(hook)).toMatchObject([{ event: 'site.created', attempts: 1, lastStatus: 204, lastError: null }]);
    for (const answer of [await find(hook), (await rest.list('/webhooks'))[0]]) {
      expect(JSON.stringify(answer)).not.toContain('whsec_');
    }
    const [row] = await platform.query<{ secret: Buffer }>('SELECT secret FROM webhook WHERE id = $1', [hook.id]);
    const secret = Buffer.from(hook.secret.slice(6), 'base64');
    expect(row?.secret.includes(secret)).toBe(false);
    const audit = await platform.query<{ body: string }>('SELECT body FROM audit_event');
    expect(audit.map(({ body }) => body).join()).not.toContain(hook.secret.slice(6));
    expect(platform.lines.join()).not.toContain(hook.secret.slice(6));
    await remove(hook);
    await expect(find(hook)).rejects.toThrow('404 not-found');
  });

  it('hears only what it asked for, and nothing from before it was made', async () => {
    await rest.createSite('Before');
    const hook = await create(plain.url, ['site.renamed']);
    const site = await rest.createSite('After');
    await rest.call('PATCH', `/sites/${site.id}`, { name: 'Renamed' });
    await untilLogged(hook, 'delivered');
    expect(plain.received.map(({ event }) => event.type)).toEqual(['site.renamed']);
    await remove(hook);
  });

  it('is tested, and its deliveries are sent again with the same id', async () => {
    plain.received.length = 0;
    const hook = await create(plain.url, ['keyfile.*']);
    const delivery = (await rest.call('POST', `/webhooks/${hook.id}/test`)) as Delivery;
    expect(delivery).toMatchObject({ event: 'webhook.tested', state: 'pending' });
    await untilLogged(hook, 'delivered');
    const again = `/webhooks/${hook.id}/deliveries/${delivery.id}/redeliver`;
    expect(await rest.call('POST', again)).toMatchObject({ id: delivery.id, state: 'pending' });
    await waitUntil('it came twice', () => plain.received.length === 2);
    const [first, second] = plain.received;
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
    expect(second?.body).toBe(first?.body);
    await remove(hook);
  });

  it('has a new secret beside the old one for a while', async () => {
    plain.received.length = 0;
    const hook = await create(plain.url, ['site.created']);
    const rotated = (await rest.call('POST', `/webhooks/${hook.id}/rotate-secret`)) as Hook;
    expect(rotated.secret).not.toBe(hook.secret);
    await rest.createSite('Rotated');
    await waitUntil('it was told', () => plain.received.length === 1);
    expect(plain.verifies(hook.secret) && plain.verifies(rotated.secret)).toBe(true);
    await platform.query(`UPDATE webhook SET previous_secret_until = now() WHERE id = $1`, [hook.id]);
    await rest.createSite('Rotated again');
    await waitUntil('it was told', () => plain.received.length === 2);
    plain.received.shift();
    expect(plain.verifies(rotated.secret)).toBe(true);
    expect(() => plain.verifies(hook.secret)).toThrow('No matching signature');
    await remove(hook);
  });

  it('is switched off and on: what happened meanwhile is not told', async () => {
    plain.received.length = 0;
    const hook = await create(plain.url);
    const change = (enabled: boolean): Promise<unknown> => rest.call('PATCH', `/webhooks/${hook.id}`, { enabled });
    expect(await change(false)).toMatchObject({ enabled: false, disabledReason: 'operator' });
    await expect(rest.call('POST', `/webhooks/${hook.id}/test`)).rejects.toThrow('409 conflict');
    await rest.createSite('Meanwhile');
    await waitUntil('the audit is read', async () => {
      const [row] = await platform.query<{ behind: boolean }>(
        'SELECT h.seq > c.seq AS behind FROM webhook_cursor c JOIN audit_head h ON h.chain = c.tenant_id',
      );
      return row?.behind === false;
    });
    expect(await change(true)).toMatchObject({ enabled: true, disabledReason: null });
    await rest.createSite('Afterwards');
    await untilLogged(hook, 'delivered');
    expect(plain.received.map(({ event }) => event.data['name'])).toEqual(['Afterwards']);
    await remove(hook);
  });

  it.each([
    ['a private address', { url: 'https://10.0.0.1/', events: ['*'] }, '403 address-not-allowed'],
    ['metadata of a cloud', { url: 'https://169.254.169.254/', events: ['*'] }, '403 address-not-allowed'],
    ['loopback in IPv6 clothing', { url: 'https://[::ffff:127.0.0.2]/', events: ['*'] }, '403 address-not-allowed'],
    ['plain HTTP', { url: 'http://hooks.example/', events: ['*'] }, '400 invalid-request'],
    ['no URL', { url: 'hooks', events: ['*'] }, '400 invalid-request'],
    ['an unknown event', { url: 'https://hooks.example/', events: ['site.ofline'] }, '400 invalid-request'],
    ['no event', { url: 'https://hooks.example/', events: [] }, '400 invalid-request'],
    ['an event twice', { url: 'https://hooks.example/', events: ['*', '*'] }, '400 invalid-request'],
    ['a secret of its own', { url: 'https://hooks.example/', events: ['*'], secret: 'x' }, '400 invalid-request'],
  ])('is not made for %s', async (_name, body, refusal) => {
    await expect(rest.call('POST', '/webhooks', body)).rejects.toThrow(refusal);
  });

  it('is nobody else’s', async () => {
    const hook = await create(plain.url);
    const { rest: stranger } = await otherTenant(platform);
    const path = `/webhooks/${hook.id}`;
    expect(await stranger.list('/webhooks')).toEqual([]);
    for (const [method, at, body] of [
      ['GET', path],
      ['PATCH', path, { enabled: false }],
      ['DELETE', path],
      ['POST', `${path}/test`],
      ['POST', `${path}/rotate-secret`],
      ['GET', `${path}/deliveries`],
      ['POST', `${path}/deliveries/${hook.id}/redeliver`],
    ] as const) {
      await expect(stranger.call(method, at, body)).rejects.toThrow('404 not-found');
    }
    const own = await create(plain.url, ['*'], stranger);
    plain.received.length = 0;
    await rest.createSite('Mine');
    await untilLogged(hook, 'delivered');
    expect(plain.of('site.created')).toHaveLength(1);
    await stranger.call('DELETE', `/webhooks/${own.id}`);
    await remove(hook);
  });

  it('is not the way to the audit for a token that may not read it', async () => {
    const hook = await create(plain.url);
    const token = async (scopes: string[]): Promise<Rest> => {
      const expiresAt = new Date(Date.now() + 60_000).toISOString();
      const made = await rest.call('POST', '/api-tokens', { name: 'hooks', scopes, expiresAt });
      return new Rest(platform.api, (made as { token: string }).token);
    };
    const program = await token(['webhooks:read', 'webhooks:write']);
    const delivery = (await rest.call('POST', `/webhooks/${hook.id}/test`)) as Delivery;
    for (const [method, at, body] of [
      ['POST', '/webhooks', { url: plain.url, events: ['*'] }],
      ['PATCH', `/webhooks/${hook.id}`, { events: ['*'] }],
      ['PATCH', `/webhooks/${hook.id}`, { url: secure.url }],
      ['POST', `/webhooks/${hook.id}/deliveries/${delivery.id}/redeliver`],
    ] as const) {
      await expect(program.call(method, at, body)).rejects.toThrow('403 forbidden');
    }
    const allowed = await create(plain.url, ['*'], await token(['webhooks:write', 'audit:read']));
    for (const one of [hook, allowed]) await remove(one);
  });

  it('is one of fifty at most, also when many are made at once', async () => {
    const made = await Promise.allSettled(Array.from({ length: 60 }, () => create('https://hooks.example/')));
    const hooks = made.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    expect(hooks).toHaveLength(50);
    for (const hook of hooks) await remove(hook);
  }, 30_000);
});

describe('a receiver', () => {
  beforeEach(() => {
    plain.received.length = 0;
  });

  afterEach(() => {
    plain.answer = (response) => response.writeHead(204).end();
  });

  it('that fails is asked again later', async () => {
    plain.answer = (response) => response.writeHead(plain.received.length > 1 ? 200 : 500).end();
    const hook = await create(plain.url);
    await rest.createSite('Twice');
    await waitUntil('it failed', async () => (await log(hook))[0]?.lastStatus === 500);
    expect((await find(hook)).failingSince).not.toBeNull();
    await untilLogged(hook, 'delivered');
    expect(await log(hook)).toMatchObject([{ attempts: 2, lastStatus: 200, lastError: null }]);
    expect((await find(hook)).failingSince).toBeNull();
    await remove(hook);
  }, 30_000);

  it('that redirects, is not there, or leads where it may not, is not followed', async () => {
    plain.answer = (response) => response.writeHead(302, { location: secure.url }).end();
    const hook = await create(plain.url);
    const dead = await create('https://127.0.0.1:1/');
    const inner = await create('https://127.0.0.1:1/');
    // As if the rules had been others when it was made.
    await platform.query(`UPDATE webhook SET url = 'https://[::1]/' WHERE id = $1`, [inner.id]);
    const before = secure.received.length;
    await rest.createSite('Redirected');
    const errorOf = async (one: Hook): Promise<string | null> => (await log(one))[0]?.lastError ?? null;
    await waitUntil('all were attempted', async () => {
      const errors = await Promise.all([hook, dead, inner].map(errorOf));
      return errors.every((error) => error !== null);
    });
    expect(await Promise.all([hook, dead, inner].map(errorOf))).toEqual([
      'redirect',
      'connection-failed',
      'address-not-allowed',
    ]);
    expect(secure.received.length).toBe(before);
    for (const one of [hook, dead, inner]) await remove(one);
  });

  it('that is slow holds up nobody else', async () => {
    plain.answer = () => undefined;
    const slow = await create(plain.url);
    const quick = await create(secure.url);
    const startedAt = Date.now();
    for (let n = 0; n < 10; n++) await rest.createSite(`Slow ${n}`);
    await untilLogged(quick, 'delivered', 10);
    expect(Date.now() - startedAt).toBeLessThan(9_000);
    expect((await log(slow)).every(({ state }) => state === 'pending')).toBe(true);
    expect(plain.received.length).toBeLessThanOrEqual(2);
    await remove(slow);
    await remove(quick);
  }, 30_000);

  it('that answers 410 is asked no more', async () => {
    plain.answer = (response) => response.writeHead(410).end();
    const hook = await create(plain.url);
    await rest.createSite('Gone');
    await untilLogged(hook, 'failed');
    expect(await find(hook)).toMatchObject({ enabled: false, disabledReason: 'gone' });
    const [event] = await rest.list(`/audit-events?action=webhook.disabled&subject=${hook.id}`);
    expect(event).toMatchObject({ actor: 'system', details: { reason: 'gone' } });
    await remove(hook);
  });

  it('that has failed for days is asked no more, and what waits for it has failed', async () => {
    plain.answer = (response) => response.writeHead(500).end();
    const hook = await create(plain.url);
    await platform.query(`UPDATE webhook SET failing_since = now() - interval '6 days' WHERE id = $1`, [hook.id]);
    await rest.createSite('Hopeless');
    await untilLogged(hook, 'failed');
    expect(await find(hook)).toMatchObject({ enabled: false, disabledReason: 'failing' });
    expect((await log(hook))[0]).toMatchObject({ lastError: 'webhook-disabled' });
    await remove(hook);
  });

  it('that takes nothing for a day is not sent the event any more', async () => {
    plain.answer = (response) => response.writeHead(500).end();
    const hook = await create(plain.url);
    const { id } = (await rest.call('POST', `/webhooks/${hook.id}/test`)) as Delivery;
    await platform.query(`UPDATE webhook_delivery SET due_since = now() - interval '24 hours' WHERE id = $1`, [id]);
    await waitUntil('it is tried no more', async () => (await log(hook))[0]?.state !== 'pending', 30_000);
    expect((await log(hook))[0]).toMatchObject({ state: 'failed', lastStatus: 500, lastError: 'status' });
    expect((await find(hook)).enabled).toBe(true);
    await remove(hook);
  }, 40_000);
});

describe('deliveries', () => {
  it('survive the death of the app in the middle of an attempt: each event comes, with one id', async () => {
    plain.received.length = 0;
    plain.answer = () => undefined;
    const hook = await create(plain.url);
    const names = Array.from({ length: 6 }, (_, n) => `Killed ${n}`);
    for (const name of names) await rest.createSite(name);
    await waitUntil('attempts are under way', () => plain.received.length === 2);
    await platform.kill('admin-api');
    plain.answer = (response) => response.writeHead(204).end();
    await untilLogged(hook, 'delivered', names.length, 40_000);
    const ids = new Map(plain.received.map(({ event, headers }) => [event.data['name'], headers['webhook-id']]));
    expect(new Set(ids.keys())).toEqual(new Set(names));
    expect(new Set(plain.received.map(({ headers }) => headers['webhook-id'])).size).toBe(names.length);
    expect(await log(hook)).toHaveLength(names.length);
    await remove(hook);
  }, 90_000);
});
