import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Platform } from '../harness/platform.js';
import { HttpClient, type Answer } from './http-client.js';

const SITES = '/api/v1/sites';

let platform: Platform;
let admin: HttpClient;
let nobody: HttpClient;
let password: string;

beforeAll(async () => {
  platform = await Platform.start({ apps: ['keyfile-issuer', 'admin-api'] });
  nobody = new HttpClient(platform.api);
  password = readFileSync(join(platform.dataDir, 'first-password'), 'utf8').trim();
  admin = await nobody.signIn('admin', password);
}, 60_000);

afterAll(() => platform?.stop());

const create = (key: string, body: object, path = SITES): Promise<Answer> =>
  admin.ask('POST', path, body, { 'idempotency-key': key });

const rowsOf = async (sql: string): Promise<number> =>
  (await platform.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${sql}`))[0]?.n ?? -1;

describe('a creation that is repeated with its Idempotency-Key', () => {
  it('makes one thing and gives the same answer', async () => {
    const key = randomUUID();
    const first = await create(key, { name: 'Aachen' });
    const again = await create(key, { name: 'Aachen' });
    const quoted = await create(`"${key}"`, { name: 'Aachen' });
    expect([first.status, again.status, quoted.status]).toEqual([201, 201, 201]);
    expect([again.body, quoted.body]).toEqual([first.body, first.body]);
    expect(first.headers.get('idempotency-replayed')).toBeNull();
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(await rowsOf("site WHERE name = 'Aachen'")).toBe(1);
  });

  it('makes one thing when many come at once; the others are told to wait or get the same answer', async () => {
    const key = randomUUID();
    const answers = await Promise.all(Array.from({ length: 20 }, () => create(key, { name: 'Bonn' })));
    for (const { status, body, headers } of answers) {
      if (status === 201) continue;
      expect([status, body['code'], headers.get('retry-after')]).toEqual([409, 'idempotency-in-progress', '1']);
    }
    expect(new Set(answers.flatMap(({ status, body }) => (status === 201 ? [body['id']] : []))).size).toBe(1);
    expect(await rowsOf("site WHERE name = 'Bonn'")).toBe(1);
  });

  it('is refused when it is another request', async () => {
    const key = randomUUID();
    await create(key, { name: 'Celle' });
    const other = await create(key, { name: 'Cuxhaven' });
    expect([other.status, other.body['code']]).toEqual([422, 'idempotency-key-reused']);
    expect(await rowsOf("site WHERE name = 'Cuxhaven'")).toBe(0);
  });

  it('runs again when the first attempt failed, because that made nothing', async () => {
    const key = randomUUID();
    await create(randomUUID(), { name: 'Dresden', label: 'dresden' });
    expect((await create(key, { name: 'Other', label: 'dresden' })).status).toBe(409);
    expect((await create(key, { name: '' })).status).toBe(400);
    expect((await create(key, { name: 'Dessau' })).status).toBe(201);
  });

  it('runs again after the process that ran it has died, when its lease is over', async () => {
    const key = randomUUID();
    await create(key, { name: 'Emden' });
    await platform.query(
      "UPDATE idempotency_key SET answered_at = NULL, answer_sealed = NULL, lease_until = now() + interval '20 s'",
    );
    expect((await create(key, { name: 'Emden' })).body['code']).toBe('idempotency-in-progress');
    await platform.query("UPDATE idempotency_key SET lease_until = now() - interval '1 s'");
    expect((await create(key, { name: 'Emden 2' })).status).toBe(201);
  });

  it('runs again after 24 hours', async () => {
    const key = randomUUID();
    await create(key, { name: 'Fulda' });
    await platform.query('UPDATE idempotency_key SET expires_at = now()');
    expect((await create(key, { name: 'Fulda 2' })).status).toBe(201);
  });

  it('belongs to its caller: another operator’s key of the same text is another one', async () => {
    const key = randomUUID();
    await create(key, { name: 'Gera' });
    await platform.query(
      `INSERT INTO operator (tenant_id, username, password_hash, roles) SELECT tenant_id, 'second', password_hash, roles FROM operator WHERE username = 'admin'`,
    );
    const second = await nobody.signIn('second', password);
    const { body, status } = await second.ask('POST', SITES, { name: 'Gotha' }, { 'idempotency-key': key });
    expect([status, body['name']]).toEqual([201, 'Gotha']);
  });

  it('shows no secret a second time, and none is kept', async () => {
    const { body: site } = await create(randomUUID(), { name: 'Hagen' });
    const path = `${SITES}/${String(site['id'])}/keyfiles`;
    const key = randomUUID();
    const first = await create(key, {}, path);
    const again = await create(key, {}, path);
    expect(first.body['content']).toEqual(expect.stringContaining('adit-keyfile'));
    expect([again.status, again.body]).toEqual([201, { ...first.body, content: null }]);
    expect(await rowsOf(`enrol_token WHERE site_id = '${String(site['id'])}'`)).toBe(1);
    const rows = await platform.query<{ text: string }>('SELECT k::text AS text FROM idempotency_key k');
    expect(rows.map(({ text }) => text).join()).not.toMatch(/Hagen|adit-keyfile/);
    expect(rows.map(({ text }) => text).join()).not.toContain(key);
  });

  it.each(['', ' ', 'x'.repeat(201), 'a b', '"'])('is refused when the key is %j', async (key) => {
    const answer = await create(key, { name: 'Ilmenau' });
    expect([answer.status, answer.body['code']]).toEqual([400, 'invalid-request']);
  });
});

it('keys that are over are removed', async () => {
  await create(randomUUID(), { name: 'Jena' });
  await platform.query("UPDATE idempotency_key SET expires_at = now() - interval '1 s'");
  await platform.query('SELECT prune_idempotency_keys()');
  expect(await rowsOf('idempotency_key')).toBe(0);
});
