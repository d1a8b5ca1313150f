import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitUntil } from '../harness/condition.js';
import { Platform } from '../harness/platform.js';
import { HttpClient } from './http-client.js';
import { newOperator } from './operators.js';

const SITES = '/api/v1/sites';
const QUOTA = 150;

let platform: Platform;
let nobody: HttpClient;
let admin: HttpClient;

beforeAll(async () => {
  platform = await Platform.start({
    apps: ['federation', 'admin-api'],
    extra: {
      'admin-api': { ADIT_HTTP_CALLER_REQUESTS_PER_10_S: String(QUOTA), ADIT_HTTP_ADDRESS_REQUESTS_PER_10_S: '1000' },
    },
  });
  nobody = new HttpClient(platform.api);
  admin = await nobody.signIn('admin', readFileSync(join(platform.dataDir, 'first-password'), 'utf8').trim());
}, 60_000);

afterAll(() => platform?.stop());

describe('the request id', () => {
  it('is in the answer, the problem, the log and the audit', async () => {
    const id = 'trace-4711';
    const { headers } = await admin.ask('POST', SITES, { name: 'Aachen' }, { 'x-request-id': id });
    expect(headers.get('x-request-id')).toBe(id);
    const rows = await platform.query("SELECT FROM audit_event WHERE body::jsonb #>> '{details,correlationId}' = $1", [
      id,
    ]);
    expect(rows).toHaveLength(1);
    await waitUntil('the log has the id', () => platform.lines.some((line) => line.includes(id)));
    const refused = await admin.ask('POST', SITES, {}, { 'x-request-id': `${id}-b` });
    expect([refused.headers.get('x-request-id'), refused.body['correlationId']]).toEqual([`${id}-b`, `${id}-b`]);
  });

  it.each(['/api/v1/nothing', '/api/v1/openapi.json', '/api/docs', '/'])('is on the answer of %s', async (path) => {
    const { headers } = await nobody.ask('GET', path, undefined, { 'x-request-id': 'mine' });
    expect(headers.get('x-request-id')).toBe('mine');
  });

  it('is on the answer of the health server', async () => {
    const url = `http://127.0.0.1:${platform.ports.health['admin-api'] ?? 0}/health/ready`;
    const echoed = await fetch(url, { headers: { 'x-request-id': 'mine' } });
    const made = await fetch(url, { headers: { 'x-request-id': 'not harmless;' } });
    expect(echoed.headers.get('x-request-id')).toBe('mine');
    expect(made.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('the tag of a federation role', () => {
  const create = async (name: string): Promise<string> => {
    const { body: site } = await admin.ask('POST', SITES, { name });
    let id: unknown;
    await waitUntil('the site has its role', async () => {
      const path = `/api/v1/federation-roles?siteId=${String(site['id'])}`;
      id = (await admin.ask<{ items: { id: string }[] }>('GET', path)).body.items[0]?.id;
      return id !== undefined;
    });
    return `/api/v1/federation-roles/${String(id)}`;
  };

  it('is the same until the role is changed, and saves the transfer', async () => {
    const path = await create('Berlin');
    const read = await admin.ask('GET', path);
    const tag = read.headers.get('etag') ?? '';
    const known = await admin.ask('GET', path, undefined, { 'if-none-match': `"x", W/${tag}` });
    expect([known.status, known.headers.get('etag'), known.body]).toEqual([304, tag, { text: '' }]);
    const changed = await admin.ask('PATCH', path, { name: 'Berlin Mitte' }, { 'if-match': tag });
    expect(changed.status).toBe(200);
    expect((await admin.ask('GET', path)).headers.get('etag')).toBe(changed.headers.get('etag'));
    const late = await admin.ask('PATCH', path, { name: 'Berlin Ost' }, { 'if-match': tag });
    expect([late.status, late.body['code']]).toEqual([412, 'precondition-failed']);
    expect((await admin.ask('DELETE', path, undefined, { 'if-match': tag })).status).toBe(412);
    expect((await admin.ask('DELETE', path, undefined, { 'if-match': changed.headers.get('etag') ?? '' })).status).toBe(
      204,
    );
    const siteId = String(changed.body['siteId']);
    const anew = await admin.ask('POST', '/api/v1/federation-roles', { siteId, name: 'Berlin again' });
    expect([anew.status, anew.body['siteId'], anew.body['state']]).toEqual([201, siteId, 'unconfigured']);
  });

  it('lets one of many changes at once win', async () => {
    const path = await create('Bremen');
    const tag = (await admin.ask('GET', path)).headers.get('etag') ?? '';
    const statuses = await Promise.all(
      Array.from(
        { length: 12 },
        async (_, n) => (await admin.ask('PATCH', path, { name: `Bremen ${n}` }, { 'if-match': tag })).status,
      ),
    );
    expect(statuses.toSorted((a, b) => a - b)).toEqual([200, ...Array.from({ length: 11 }, () => 412)]);
  });

  it('is no condition where it is not honoured: such a request is refused', async () => {
    const { status, body } = await admin.ask('POST', SITES, { name: 'Never' }, { 'if-match': '*' });
    expect([status, body['code']]).toEqual([400, 'invalid-request']);
  });

  it.each(['x', '"x', '"a" "b"'])('is refused when it is none: %s', async (tag) => {
    const path = '/api/v1/federation-roles/01900000-0000-7000-8000-000000000009';
    expect((await admin.ask('PATCH', path, {}, { 'if-match': tag })).status).toBe(400);
    expect((await admin.ask('GET', path, undefined, { 'if-none-match': tag })).status).toBe(400);
  });
});

const made = async (path: string, body: object): Promise<string> =>
  `${path}/${(await admin.ask<{ id: string }>('POST', path, body)).body.id}`;

describe('the tag of what else can be changed', () => {
  it.each([
    [
      'an operator',
      async () => `/api/v1/operators/${(await newOperator(platform, admin, ['viewer'])).id}`,
      [{ roles: ['operator'] }, { disabled: true }],
    ],
    [
      'a webhook',
      () => made('/api/v1/webhooks', { url: 'https://hooks.example/', events: ['site.offline'] }),
      [{ enabled: false }, { description: 'mine' }],
    ],
    [
      'a tenant',
      () => made('/api/v1/tenants', { name: 'T', administrator: { username: 'of-t', password: 'twelve or more' } }),
      [{ name: 'T 1' }, { name: 'T 2' }],
    ],
  ] as const)('lets one of two changes of %s win', async (_what, create, changes) => {
    const path = await create();
    const tag = (await admin.ask('GET', path)).headers.get('etag') ?? '';
    const answers = await Promise.all(changes.map((body) => admin.ask('PATCH', path, body, { 'if-match': tag })));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 412]);
    const { headers, body } = answers.find(({ status }) => status === 200) ?? {};
    const read = await admin.ask('GET', path);
    expect([read.headers.get('etag'), read.body]).toEqual([headers?.get('etag'), body]);
  });
});

describe('the rate limit', () => {
  it('tells a caller how it stands, and when to come again', async () => {
    const { headers } = await admin.ask('GET', SITES);
    expect(headers.get('ratelimit-policy')).toBe(`"address";q=1000;w=10, "caller";q=${QUOTA};w=10`);
    expect(headers.get('ratelimit')).toMatch(/^"address";r=\d+;t=\d+, "caller";r=\d+;t=\d+$/);
    const answers = await Promise.all(Array.from({ length: QUOTA + 20 }, () => admin.ask('GET', SITES)));
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThanOrEqual(20);
    expect(refused[0]?.body['code']).toBe('rate-limited');
    expect(Number(refused[0]?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await nobody.ask('GET', '/api/v1/openapi.json')).status).toBe(200);
    await waitUntil('the window is over', async () => (await admin.ask('GET', SITES)).status === 200);
  }, 30_000);

  it('counts an address whose tokens are all wrong', async () => {
    const stranger = new HttpClient(platform.api, 'x'.repeat(43));
    const statuses = new Set<number>();
    for (let n = 0; n < 12; n += 1) {
      const answers = await Promise.all(Array.from({ length: 100 }, () => stranger.ask('GET', SITES)));
      for (const { status } of answers) statuses.add(status);
    }
    expect(statuses).toEqual(new Set([401, 429]));
  });
});
