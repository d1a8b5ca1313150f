import { Platform } from '../harness/platform.js';
import { HttpClient } from './http-client.js';
import { audited, newOperator, signInFirst } from './operators.js';

interface Issued {
  id: string;
  token: string;
  lastUsedAt: string | null;
}

const TOKENS = '/api/v1/api-tokens';
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const inMs = (ms: number): string => new Date(Date.now() + ms).toISOString();

let platform: Platform;
let admin: HttpClient;

beforeAll(async () => {
  platform = await Platform.start({ apps: ['admin-api'] });
  admin = await signInFirst(platform);
}, 60_000);

afterAll(() => platform?.stop());

const issue = async (client: HttpClient, scopes: string[]): Promise<{ issued: Issued; program: HttpClient }> => {
  const { status, body } = await client.ask<Issued>('POST', TOKENS, {
    name: 'nightly',
    scopes,
    expiresAt: inMs(HOUR_MS),
  });
  expect(status).toBe(201);
  return { issued: body, program: new HttpClient(platform.api, body.token) };
};

describe('an API token', () => {
  it('is answered once, is stored as a hash alone, and can be recognised', async () => {
    const { issued } = await issue(admin, ['sites:read']);
    expect(issued.token).toMatch(/^adit_[A-Za-z0-9_-]{43}$/);
    const list = await admin.ask<{ items: object[] }>('GET', TOKENS);
    const rows = await platform.query<{ hash: string }>(
      "SELECT *, encode(token_hash, 'base64') AS hash FROM api_token",
    );
    const events = await platform.query('SELECT body FROM audit_event');
    expect(JSON.stringify([list.body, rows, events, platform.lines])).not.toContain(issued.token.slice(5));
    expect(list.body.items).toContainEqual(expect.objectContaining({ id: issued.id, scopes: ['sites:read'] }));
  });

  it('may what its scopes say, and nothing else that its operator may', async () => {
    const { program, issued } = await issue(admin, ['sites:read']);
    expect((await program.ask('GET', '/api/v1/sites')).status).toBe(200);
    expect((await program.ask('POST', '/api/v1/sites', { name: 'Mine' })).status).toBe(403);
    const current = await program.ask('GET', '/api/v1/sessions/current');
    expect(current.body).toMatchObject({ via: 'api-token', permissions: ['sites:read'] });
    const refusals = await audited(platform, 'access.refused');
    expect(refusals.at(-1)?.actor).toBe(`operator:admin/api-token:${issued.id}`);
    const { body } = await admin.ask('GET', `${TOKENS}/${issued.id}`);
    expect(body['lastUsedAt']).toEqual(expect.any(String));
  });

  it('loses what its operator loses', async () => {
    const { id, client } = await newOperator(platform, admin, ['operator']);
    const { program } = await issue(client, ['sites:read', 'sites:write']);
    expect((await program.ask('POST', '/api/v1/sites', { name: 'Bremen' })).status).toBe(201);
    await admin.ask('PATCH', `/api/v1/operators/${id}`, { roles: ['viewer'] });
    expect((await program.ask('POST', '/api/v1/sites', { name: 'Kiel' })).status).toBe(403);
    expect((await program.ask('GET', '/api/v1/sites')).status).toBe(200);
  });

  it('is refused with scopes that its maker lacks', async () => {
    const { client } = await newOperator(platform, admin, ['viewer']);
    const order = { name: 'x', scopes: ['sites:read', 'sites:write'], expiresAt: inMs(HOUR_MS) };
    const { status, body } = await client.ask('POST', TOKENS, order);
    expect([status, body['code'], body['detail']]).toEqual([403, 'forbidden', 'the permission sites:write is needed']);
  });

  it.each([
    ['none', undefined],
    ['a time that is over', inMs(-1_000)],
    ['more than a year', inMs(366 * DAY_MS)],
    ['a day without its time', '2999-01-01'],
    ['a time without its offset', '2999-01-01T00:00:00'],
    ['a day that is not on the calendar', '2026-02-30T00:00:00Z'],
  ])('is refused with %s for its end', async (_title, expiresAt) => {
    const { status, body } = await admin.ask('POST', TOKENS, { name: 'x', scopes: ['sites:read'], expiresAt });
    expect([status, body['code'], JSON.stringify(body['errors'])]).toEqual([
      400,
      'invalid-request',
      expect.stringContaining('/expiresAt'),
    ]);
  });

  it('makes no further token, changes no password and ends no session', async () => {
    const { program } = await issue(admin, ['sites:read', 'operators:write']);
    const attempts: [string, string, unknown][] = [
      ['POST', TOKENS, { name: 'x', scopes: ['sites:read'], expiresAt: inMs(HOUR_MS) }],
      ['PUT', '/api/v1/operators/current/password', { currentPassword: 'x', password: 'long enough it is' }],
      ['DELETE', '/api/v1/sessions/current', undefined],
      ['POST', '/api/v1/operators', { username: 'x2', password: 'long enough it is', roles: ['viewer'] }],
    ];
    for (const [method, path, body] of attempts) {
      expect([path, (await program.ask(method, path, body)).status]).toEqual([path, 403]);
    }
  });

  it('ends when it is deleted, when it is over, and not for others’ asking', async () => {
    const { client } = await newOperator(platform, admin, ['viewer']);
    const { issued, program } = await issue(admin, ['sites:read']);
    expect((await client.ask('DELETE', `${TOKENS}/${issued.id}`)).status).toBe(404);
    expect((await client.ask('GET', `${TOKENS}/${issued.id}`)).status).toBe(404);
    expect((await program.ask('GET', '/api/v1/sites')).status).toBe(200);
    expect((await admin.ask('DELETE', `${TOKENS}/${issued.id}`)).status).toBe(204);
    expect((await admin.ask('DELETE', `${TOKENS}/${issued.id}`)).status).toBe(204);
    expect((await program.ask('GET', '/api/v1/sites')).status).toBe(401);
    expect((await audited(platform, 'api-token.revoked')).length).toBe(1);
    const late = await issue(admin, ['sites:read']);
    await platform.query(
      "UPDATE api_token SET created_at = now() - interval '1 day', expires_at = now() WHERE id = $1",
      [late.issued.id],
    );
    expect((await late.program.ask('GET', '/api/v1/sites')).status).toBe(401);
  });

  it('of another operator is seen and ended by who manages operators', async () => {
    const { client, id } = await newOperator(platform, admin, ['viewer']);
    const { issued, program } = await issue(client, ['sites:read']);
    const list = await admin.ask<{ items: { id: string }[] }>('GET', `${TOKENS}?operatorId=${id}`);
    expect(list.body.items.map((item) => item.id)).toEqual([issued.id]);
    const [self] = await platform.query<{ id: string }>("SELECT id FROM operator WHERE username = 'admin'");
    expect((await client.ask('GET', `${TOKENS}?operatorId=${self?.id}`)).status).toBe(403);
    expect((await admin.ask('DELETE', `${TOKENS}/${issued.id}`)).status).toBe(204);
    expect((await program.ask('GET', '/api/v1/sites')).status).toBe(401);
  });
});
