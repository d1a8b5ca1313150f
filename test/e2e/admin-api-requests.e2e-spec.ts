import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { networkInterfaces } from 'node:os';
import { Platform } from '../harness/platform.js';
import { HttpClient, sendRaw } from './http-client.js';

let platform: Platform;
let admin: HttpClient;
let nobody: HttpClient;
let password: string;

beforeAll(async () => {
  platform = await Platform.start({ apps: ['admin-api'], extra: { 'admin-api': { ADIT_HTTP_HOST: '0.0.0.0' } } });
  nobody = new HttpClient(platform.api);
  password = readFileSync(join(platform.dataDir, 'first-password'), 'utf8').trim();
  admin = await nobody.signIn('admin', password);
}, 60_000);

afterAll(() => platform?.stop());

/** Of the right form; no database takes its time. */
const DAYS_OFF = Buffer.from('["2026-01-01 00:00:00+99","01900000-0000-7000-8000-000000000001"]').toString('base64url');
const NUL_NAME = { username: 'a\0', password: 'x' };
const DEEP = `{"name":${'['.repeat(30)}${']'.repeat(30)}}`;
const SITES = '/api/v1/sites';

describe('a request is refused', () => {
  it.each([
    ['that is not JSON', 'POST', SITES, 'name=x', {}, 400, 'invalid-request'],
    ['that is cut short', 'POST', SITES, '{"name":"x"', {}, 400, 'invalid-request'],
    ['with a member twice', 'POST', SITES, '{"name":"a","name":"b"}', {}, 400, 'invalid-request'],
    ['that nests too deep', 'POST', SITES, DEEP, {}, 400, 'invalid-request'],
    ['whose body is no object', 'POST', SITES, '[]', {}, 400, 'invalid-request'],
    ['with an unknown member', 'POST', SITES, '{"name":"a","colour":"red"}', {}, 400, 'invalid-request'],
    ['with a prototype member', 'POST', SITES, '{"name":"a","__proto__":{"x":1}}', {}, 400, 'invalid-request'],
    ['with a constructor member', 'POST', SITES, '{"name":"a","constructor":1}', {}, 400, 'invalid-request'],
    ['without a member it needs', 'POST', SITES, '{}', {}, 400, 'invalid-request'],
    ['without its body', 'POST', SITES, undefined, {}, 400, 'invalid-request'],
    ['with null for an optional member', 'POST', SITES, '{"name":"a","label":null}', {}, 400, 'invalid-request'],
    ['with a control character in a name', 'POST', SITES, '{"name":"a\\u0000b"}', {}, 400, 'invalid-request'],
    ['with a name that turns the writing', 'POST', SITES, '{"name":"a\\u202eb"}', {}, 400, 'invalid-request'],
    ['with half a character in a name', 'POST', SITES, '{"name":"a\\ud800"}', {}, 400, 'invalid-request'],
    ['with a label that is none', 'POST', SITES, '{"name":"a","label":"-x"}', {}, 400, 'invalid-request'],
    ['over 64 KiB', 'POST', SITES, `{"name":"${'x'.repeat(70_000)}"}`, {}, 413, 'payload-too-large'],
    ['of another type', 'POST', SITES, '<x/>', { 'content-type': 'text/xml' }, 415, 'unsupported-media-type'],
    ['that is compressed', 'POST', SITES, '{}', { 'content-encoding': 'gzip' }, 415, 'unsupported-media-type'],
    ['with an unknown query key', 'GET', `${SITES}?colour=red`, undefined, {}, 400, 'invalid-request'],
    ['with a query key where none is known', 'GET', '/api/v1/openapi.json/x?y=1', undefined, {}, 404, 'not-found'],
    ['for a text with U+0000', 'GET', `${SITES}?q=a%00b`, undefined, {}, 400, 'invalid-request'],
    ['for a text that is U+0000', 'GET', '/api/v1/audit-events?actor=%00', undefined, {}, 400, 'invalid-request'],
    ['for a second text with U+0000', 'GET', `${SITES}?q=a&q=%00`, undefined, {}, 400, 'invalid-request'],
    ['by a query key with U+0000', 'GET', `${SITES}?%00=a`, undefined, {}, 400, 'invalid-request'],
    ['by a path with U+0000', 'GET', `${SITES}/a%00b`, undefined, {}, 400, 'invalid-request'],
    ['with a limit beyond the most', 'GET', `${SITES}?limit=201`, undefined, {}, 400, 'invalid-request'],
    ['with a limit in another notation', 'GET', `${SITES}?limit=0x10`, undefined, {}, 400, 'invalid-request'],
    ['with a key twice', 'GET', `${SITES}?limit=1&limit=2`, undefined, {}, 400, 'invalid-request'],
    ['with a cursor of its own making', 'GET', `${SITES}?cursor=WyJ4IiwieSJd`, undefined, {}, 400, 'invalid-cursor'],
    [
      'with a cursor of no time',
      'GET',
      `/api/v1/view-tickets?cursor=${DAYS_OFF}`,
      undefined,
      {},
      400,
      'invalid-cursor',
    ],
    ['to sign in by U+0000', 'POST', '/api/v1/sessions', NUL_NAME, {}, 400, 'invalid-request'],
    ['for an id that is none', 'GET', `${SITES}/1`, undefined, {}, 400, 'invalid-request'],
    ['for a path that cannot be read', 'GET', `${SITES}/%zz`, undefined, {}, 400, 'invalid-request'],
    ['for an address that is none', 'GET', '/api/v1/nothing', undefined, {}, 404, 'not-found'],
    ['by another method', 'PUT', SITES, '{}', {}, 405, 'method-not-allowed'],
    ['for an app that is away', 'GET', '/api/v1/cameras', undefined, {}, 503, 'unavailable'],
  ])('%s', async (_title, method, path, body, headers, status, code) => {
    const answer = await admin.ask(method, path, body, headers);
    expect([answer.status, answer.body['code']]).toEqual([status, code]);
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(answer.body).toMatchObject({
      type: `urn:adit:error:${code}`,
      status,
      instance: path.split('?')[0],
      correlationId: answer.headers.get('x-request-id'),
    });
  });

  it('when its bytes are not UTF-8', async () => {
    const body = Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]);
    const head = `POST ${SITES} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n`;
    const length = `Content-Length: ${body.length}\r\n\r\n`;
    const answer = await sendRaw(platform.api, Buffer.concat([Buffer.from(head + length), body]));
    expect(answer).toContain('the body is not UTF-8');
  });

  it.each([
    ['when nothing of it comes', ''],
    ['when its head does not end', 'GET / HTTP/1.1\r\nHost: x\r\n'],
  ])(
    '%s in time',
    async (_title, head) => {
      const socket = connect(Number(new URL(platform.api).port), '127.0.0.1');
      const startedAt = performance.now();
      socket.write(head);
      socket.resume();
      await once(socket, 'close');
      expect(performance.now() - startedAt).toBeLessThan(20_000);
    },
    30_000,
  );

  it('with pointers to the members that are wrong', async () => {
    const { body } = await admin.ask('POST', SITES, { name: '', 'a/b': 1 });
    const pointers = (body['errors'] as { pointer: string }[]).map(({ pointer }) => pointer);
    expect(pointers).toEqual(expect.arrayContaining(['/name', '/a~1b']));
  });

  it('and leaves nothing behind', async () => {
    expect((await admin.ask<{ items: unknown[] }>('GET', SITES)).body.items).toEqual([]);
  });
});

describe('signing in', () => {
  it('is needed for every address of the API but itself and its description', async () => {
    const { body } = await nobody.ask<{ paths: Record<string, Record<string, unknown>> }>(
      'GET',
      '/api/v1/openapi.json',
    );
    const open: string[] = [];
    for (const [path, item] of Object.entries(body.paths)) {
      for (const method of Object.keys(item)) {
        const { status } = await nobody.ask(method.toUpperCase(), path.replaceAll(/\{[^}]+\}/g, 'x'));
        if (status !== 401) open.push(`${method} ${path}`);
      }
    }
    expect(open.sort()).toEqual(['get /api/v1/oidc/authorize', 'get /api/v1/oidc/callback', 'post /api/v1/sessions']);
  });

  it('answers the same for an unknown name and a wrong password, and both are audited', async () => {
    const wrong = await nobody.ask('POST', '/api/v1/sessions', { username: 'admin', password: 'wrong' });
    const unknown = await nobody.ask('POST', '/api/v1/sessions', { username: 'someone', password: 'wrong' });
    expect([wrong.status, wrong.body['detail']]).toEqual([401, unknown.body['detail']]);
    const rows = await platform.query("SELECT FROM audit_event WHERE body::jsonb ->> 'action' = 'session.refused'");
    expect(rows).toHaveLength(2);
  });

  it('keeps no password and no token in the database or the log', async () => {
    const { body } = await nobody.ask<{ token: string }>('POST', '/api/v1/sessions', { username: 'ADMIN', password });
    const hashes = await platform.query<{ text: string }>(
      "SELECT encode(token_hash, 'base64') AS text FROM bearer_token",
    );
    const hash = await platform.query<{ text: string }>('SELECT password_hash AS text FROM operator');
    const kept = [...hashes, ...hash, ...platform.lines.map((text) => ({ text }))].map(({ text }) => text).join('\n');
    expect(kept).not.toContain(password);
    expect(kept).not.toContain(body.token);
    expect(hash[0]?.text).toMatch(/^\$argon2id\$v=19\$m=19456,/);
  });

  it('makes one wait who fails again and again', async () => {
    const attempt = (): Promise<{ status: number; headers: Headers }> =>
      nobody.ask('POST', '/api/v1/sessions', { username: 'guessed', password: 'wrong' });
    const statuses: number[] = [];
    for (let n = 0; n < 6; n += 1) statuses.push((await attempt()).status);
    const limited = await attempt();
    expect(statuses.slice(0, 5)).toEqual([401, 401, 401, 401, 401]);
    expect([limited.status, Number(limited.headers.get('retry-after'))]).toEqual([429, expect.any(Number)]);
  });

  it('ends with the session', async () => {
    const session = await nobody.signIn('admin', password);
    expect((await session.ask('DELETE', '/api/v1/sessions/current')).status).toBe(204);
    expect((await session.ask('GET', SITES)).status).toBe(401);
  });
});

describe('the surface', () => {
  it('echoes a harmless request id and replaces any other', async () => {
    const echoed = await admin.ask('GET', SITES, undefined, { 'x-request-id': 'my-id.1' });
    expect(echoed.headers.get('x-request-id')).toBe('my-id.1');
    const replaced = await admin.ask('GET', SITES, undefined, { 'x-request-id': 'a b<script>' });
    expect(replaced.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('refuses passwords and tokens on an address that is not loopback, before it looks at them', async () => {
    const address = Object.values(networkInterfaces())
      .flatMap((list) => list ?? [])
      .find(({ internal, family }) => !internal && family === 'IPv4')?.address;
    if (address === undefined) throw new Error('this test needs a network interface besides loopback');
    const outside = new HttpClient(platform.api.replace('127.0.0.1', address), 'x'.repeat(43));
    const answers = [
      await outside.ask('GET', SITES),
      await outside.ask('POST', '/api/v1/sessions', { username: 'admin', password }),
      await outside.ask('GET', SITES, undefined, { 'x-forwarded-proto': 'https' }),
    ];
    expect(answers.map(({ status, body }) => [status, body['code']])).toEqual(
      answers.map(() => [403, 'insecure-transport']),
    );
  });

  it('is described by a page that loads nothing from elsewhere', async () => {
    const page = await nobody.ask<{ text: string }>('GET', '/api/docs');
    const script = await nobody.ask<{ text: string }>('GET', '/api/docs/swagger-ui-init.js');
    expect([page.status, script.status]).toEqual([200, 200]);
    expect(page.body.text).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
    expect(script.body.text).toContain('"validatorUrl": null');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
  });
});
