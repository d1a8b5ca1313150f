import { randomUUID } from 'node:crypto';
import { Platform } from '../harness/platform.js';
import { HttpClient } from './http-client.js';
import { audited, newOperator, signInFirst } from './operators.js';
import { insertTenant } from './persistence.rows.js';

interface Account {
  id: string;
  name: string;
  username: string;
  cameraIds: string[];
  siteIds: string[];
  usages: string[];
  level: number;
  password: string | null;
  urls: { cameraId: string; url: string }[] | null;
  urlTemplate: string | null;
  passwordSetAt: string | null;
  revokedAt: string | null;
}

const PATH = '/api/v1/stream-accounts';

let platform: Platform;
let admin: HttpClient;
let siteId: string;
let gate: string;
let yard: string;
/** Of another tenant. */
let foreign: { siteId: string; cameraId: string };

const insertCamera = async (tenantId: string, site: string, path: string): Promise<string> => {
  const id = randomUUID();
  await platform.query(
    `WITH role AS (INSERT INTO federation_role (tenant_id, site_id, name)
       SELECT $2::uuid, $3::uuid, 'Role' WHERE NOT EXISTS (SELECT FROM federation_role WHERE site_id = $3) RETURNING id)
     INSERT INTO entity (id, tenant_id, site_id, role_id, remote_id, kind, name, path, state)
       SELECT $1, $2, $3, id, $4, 'camera', $4, $4, 'online'
         FROM (SELECT id FROM role UNION ALL SELECT id FROM federation_role WHERE site_id = $3) r LIMIT 1`,
    [id, tenantId, site, path],
  );
  return id;
};

beforeAll(async () => {
  platform = await Platform.start({ apps: ['admin-api'] });
  admin = await signInFirst(platform);
  const site = await admin.ask<{ id: string }>('POST', '/api/v1/sites', { name: 'Hamburg' });
  siteId = site.body.id;
  const [own] = await platform.query<{ tenant_id: string }>('SELECT tenant_id FROM site WHERE id = $1', [siteId]);
  gate = await insertCamera(own?.tenant_id ?? '', siteId, 'gate');
  yard = await insertCamera(own?.tenant_id ?? '', siteId, 'yard & shed');
  const other = await insertTenant(platform.query.bind(platform));
  const [camera] = await platform.query<{ id: string }>('SELECT id FROM entity WHERE tenant_id = $1', [other.tenantId]);
  foreign = { siteId: other.siteId, cameraId: camera?.id ?? '' };
}, 60_000);

afterAll(() => platform?.stop());

const create = async (body: object = {}, headers: Record<string, string> = {}): Promise<Account> => {
  const answer = await admin.ask<Account>('POST', PATH, { name: 'Recorder', cameraIds: [gate], ...body }, headers);
  if (answer.status !== 201) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
};

const find = (id: string, by = admin) => by.ask<Account>('GET', `${PATH}/${id}`);

describe('a stream account', () => {
  it('has no higher level than whoever makes, changes or rotates it', async () => {
    const { client, username } = await newOperator(platform, admin, ['operator']);
    const { id } = await create({ level: 9 });
    const refused = [
      await client.ask<{ code: string }>('POST', PATH, { name: 'Mine', cameraIds: [gate], level: 9 }),
      await client.ask<{ code: string }>('PATCH', `${PATH}/${id}`, { name: 'Mine' }),
      await client.ask<{ code: string }>('POST', `${PATH}/${id}/rotate-password`),
    ];
    expect(refused.map(({ status, body }) => [status, body.code])).toEqual(Array(3).fill([403, 'forbidden']));
    const noted = (await audited(platform, 'stream-account.refused')).filter(({ actor }) => actor.includes(username));
    expect(noted.map(({ subject, details }) => [subject, details])).toEqual(
      expect.arrayContaining([
        ['new', expect.objectContaining({ reason: 'level', level: 9, highest: 50 })],
        [id, expect.objectContaining({ reason: 'level', level: 9, highest: 50 })],
      ]),
    );
    expect((await client.ask('POST', PATH, { name: 'Mine', cameraIds: [gate], level: 50 })).status).toBe(201);
    expect((await client.ask('POST', `${PATH}/${id}/revoke`)).status).toBe(200);
  });

  it('is answered with its password and the URLs of its cameras, once', async () => {
    const key = { 'Idempotency-Key': randomUUID() };
    const account = await create({ cameraIds: [yard, gate], usages: ['low-res', 'live'] }, key);
    const { id, username, password, urls } = account;
    const base = `rtsp://${username}:${password}@127.0.0.1:${platform.ports.rtsp}`;
    expect(urls).toMatchObject([
      { cameraId: gate, url: `${base}/hamburg/gate/low-res` },
      { cameraId: yard, url: `${base}/hamburg/yard%20%26%20shed/low-res` },
    ]);
    expect(account.urlTemplate).toBe(`${base}/{site}/{camera}/{usage}`);
    const again = await create({ cameraIds: [yard, gate], usages: ['low-res', 'live'] }, key);
    expect(again).toMatchObject({ id, password: null, urls: null, urlTemplate: null });
    const { body } = await find(id);
    expect(body).toMatchObject({ username, cameraIds: [gate, yard].toSorted(), level: 128, revokedAt: null });
    expect(JSON.stringify(body)).not.toContain(password);
  });

  it('for a site has all cameras of it', async () => {
    const { urls, siteIds, cameraIds } = await create({ cameraIds: [], siteIds: [siteId.toUpperCase()] });
    expect([siteIds, cameraIds, urls?.map(({ cameraId }) => cameraId)]).toEqual([[siteId], [], [gate, yard]]);
  });

  it.each([
    ['for nothing', { cameraIds: [] }, 400, 'invalid-request'],
    ['for a camera that is not there', { cameraIds: [randomUUID()] }, 404, 'camera-not-found'],
    ['for a site that is not there', { siteIds: [randomUUID()] }, 404, 'not-found'],
    ['for a camera twice', { cameraIds: ['a', 'a'] }, 400, 'invalid-request'],
    ['with a level beyond 254', { level: 255 }, 400, 'invalid-request'],
    ['with level 0', { level: 0 }, 400, 'invalid-request'],
    ['without a usage', { usages: [] }, 400, 'invalid-request'],
    ['with an unknown usage', { usages: ['best'] }, 400, 'invalid-request'],
    ['that is over already', { expiresAt: '2020-01-01T00:00:00Z' }, 400, 'invalid-request'],
    ['with a range that is none', { allowedCidrs: ['10/8'] }, 400, 'invalid-request'],
    ['with 201 cameras', { cameraIds: Array.from({ length: 201 }, () => randomUUID()) }, 400, 'invalid-request'],
    ['with a password of one’s own', { password: 'my own' }, 400, 'invalid-request'],
    ['without a name', { name: ' ' }, 400, 'invalid-request'],
  ])('%s is refused', async (_title, body, status, code) => {
    const before = await platform.counts(['stream_account', 'stream_account_scope']);
    const answer = await admin.ask('POST', PATH, { name: 'Recorder', cameraIds: [gate], ...body });
    expect([answer.status, answer.body['code']]).toEqual([status, code]);
    expect(await platform.counts(['stream_account', 'stream_account_scope'])).toEqual(before);
  });

  it('is never for what belongs to another tenant', async () => {
    const { id } = await create();
    for (const [body, code] of [
      [{ cameraIds: [foreign.cameraId] }, 'camera-not-found'],
      [{ siteIds: [foreign.siteId] }, 'not-found'],
    ] as const) {
      expect((await admin.ask('POST', PATH, { name: 'Recorder', ...body })).body['code']).toBe(code);
      expect((await admin.ask('PATCH', `${PATH}/${id}`, body)).body['code']).toBe(code);
    }
  });

  it('is listed page by page', async () => {
    const made = [await create(), await create(), await create()].map(({ id }) => id);
    const seen: string[] = [];
    let cursor: string | null = '';
    do {
      const query: string = cursor === '' ? '?limit=2' : `?limit=2&cursor=${cursor}`;
      const page = await admin.ask<{ items: Account[]; nextCursor: string | null }>('GET', `${PATH}${query}`);
      seen.push(...page.body.items.map(({ id }) => id));
      cursor = page.body.nextCursor;
    } while (cursor !== null);
    expect(seen.slice(-3)).toEqual(made);
    expect(new Set(seen).size).toBe(seen.length);
  });
});

describe('a change of a stream account', () => {
  const versionOf = async (id: string): Promise<number> =>
    (await platform.query<{ version: number }>('SELECT version FROM stream_account WHERE id = $1', [id]))[0]?.version ??
    0;

  it('of what it may ends its streams; one of its name, or to what it is already, does not', async () => {
    const { id } = await create({ level: 9 });
    for (const [body, version] of [
      [{ name: 'Another name' }, 1],
      [{ level: 9, usages: ['live'], cameraIds: [gate], siteIds: [], allowedCidrs: [], expiresAt: null }, 1],
      [{ level: 10 }, 2],
      [{ usages: ['live', 'recording'] }, 3],
      [{ usages: ['recording', 'live'] }, 3],
      [{ cameraIds: [yard] }, 4],
      [{ allowedCidrs: ['192.0.2.0/24'] }, 5],
      [{ expiresAt: '2100-01-01T00:00:00Z' }, 6],
      [{ expiresAt: '2100-01-01T01:00:00+01:00' }, 6],
    ] as const) {
      expect([body, (await admin.ask('PATCH', `${PATH}/${id}`, body)).status]).toEqual([body, 200]);
      expect([body, await versionOf(id)]).toEqual([body, version]);
    }
    expect((await find(id)).body).toMatchObject({ name: 'Another name', level: 10, cameraIds: [yard] });
  });

  it('is made only to what was read', async () => {
    const { id } = await create();
    const tag = (await find(id)).headers.get('etag') ?? '';
    const first = await admin.ask('PATCH', `${PATH}/${id}`, { level: 3 }, { 'If-Match': tag });
    const second = await admin.ask('PATCH', `${PATH}/${id}`, { level: 4 }, { 'If-Match': tag });
    expect([first.status, second.status, second.body['code']]).toEqual([200, 412, 'precondition-failed']);
  });

  it('leaves a scope that is not empty, and keeps cameras that are away', async () => {
    const away = await insertCamera(
      (await platform.query<{ t: string }>('SELECT tenant_id AS t FROM site WHERE id = $1', [siteId]))[0]?.t ?? '',
      siteId,
      'away',
    );
    const { id } = await create({ cameraIds: [gate, away] });
    await platform.query('DELETE FROM entity WHERE id = $1', [away]);
    const { body } = await find(id);
    expect(body).toMatchObject({ cameraIds: [gate, away].toSorted() });
    expect((await admin.ask('PATCH', `${PATH}/${id}`, { cameraIds: [away] })).status).toBe(200);
    expect((await admin.ask('PATCH', `${PATH}/${id}`, { cameraIds: [] })).body['code']).toBe('invalid-request');
    expect((await find(id)).body.cameraIds).toEqual([away]);
  });

  it('of the password gives another one; of a revoked account none at all', async () => {
    const account = await create();
    const rotated = await admin.ask<Account>('POST', `${PATH}/${account.id}/rotate-password`);
    expect([rotated.status, rotated.body.username]).toEqual([200, account.username]);
    expect(rotated.body.password).toMatch(/^[A-Za-z0-9]{27}$/);
    expect(rotated.body.password).not.toBe(account.password);
    const revoke = () => admin.ask<Account>('POST', `${PATH}/${account.id}/revoke`);
    const [first, second] = [await revoke(), await revoke()];
    expect([first.status, second.status, second.body.revokedAt]).toEqual([200, 200, first.body.revokedAt]);
    for (const refused of [
      await admin.ask('POST', `${PATH}/${account.id}/rotate-password`),
      await admin.ask('PATCH', `${PATH}/${account.id}`, { level: 2 }),
    ]) {
      expect([refused.status, refused.body['code']]).toEqual([409, 'conflict']);
    }
    const rows = (await audited(platform, 'stream-account.revoked')).filter(({ subject }) => subject === account.id);
    expect(rows).toHaveLength(1);
  });

  it('made by many at once leaves one whole account', async () => {
    const { id } = await create();
    const scopes = [[gate], [yard], [gate, yard]];
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, at) => admin.ask('PATCH', `${PATH}/${id}`, { cameraIds: scopes[at % 3] })),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const { cameraIds } = (await find(id)).body;
    expect(scopes.map((scope) => scope.toSorted().join())).toContain(cameraIds.join());
  });
});

describe('who may', () => {
  it('operators make accounts, security officers end them, viewers see none', async () => {
    const { id } = await create();
    const verdicts: Record<string, number[]> = {};
    for (const role of ['viewer', 'operator', 'security-officer']) {
      const { client } = await newOperator(platform, admin, [role]);
      const made = await client.ask('POST', PATH, { name: 'Recorder', cameraIds: [gate] });
      const rotated = await client.ask('POST', `${PATH}/${id}/rotate-password`);
      const ended = await client.ask('POST', `${PATH}/${id}/revoke`);
      verdicts[role] = [made.status, (await find(id, client)).status, rotated.status, ended.status];
    }
    expect(verdicts).toEqual({
      viewer: [403, 403, 403, 403],
      operator: [201, 200, 200, 200],
      'security-officer': [403, 200, 403, 200],
    });
  });
});
