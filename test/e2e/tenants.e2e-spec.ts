import { Platform } from '../harness/platform.js';
import { HttpClient } from './http-client.js';
import { audited, newOperator, signInFirst } from './operators.js';

interface Tenant {
  id: string;
  name: string;
  administratorId: string;
}

const OPERATORS = '/api/v1/operators';
const TENANTS = '/api/v1/tenants';
const PASSWORD = 'the first one’s password';

let platform: Platform;
let provider: HttpClient;

beforeAll(async () => {
  platform = await Platform.start({ apps: ['admin-api'] });
  provider = await signInFirst(platform);
}, 60_000);

afterAll(() => platform?.stop());

const create = async (name: string, username: string): Promise<{ tenant: Tenant; client: HttpClient }> => {
  const order = { name, administrator: { username, password: PASSWORD } };
  const { status, body } = await provider.ask<Tenant>('POST', TENANTS, order);
  expect(status).toBe(201);
  return { tenant: body, client: await new HttpClient(platform.api).signIn(username, PASSWORD) };
};

describe('a tenant', () => {
  it('is made with its first administrator, who runs it alone', async () => {
    const { tenant, client } = await create('Hamburg', 'hh');
    const current = await client.ask<{ permissions: string[]; operator: object }>('GET', '/api/v1/sessions/current');
    expect(current.body.operator).toMatchObject({ tenantId: tenant.id, roles: ['administrator', 'security-officer'] });
    expect(current.body.permissions).not.toContain('authority:write');
    expect((await client.ask('POST', '/api/v1/sites', { name: 'Altona' })).status).toBe(201);
    const { id } = await newOperator(platform, client, ['security-officer']);
    const [row] = await platform.query<{ tenant: string }>('SELECT tenant_id AS tenant FROM operator WHERE id = $1', [
      id,
    ]);
    expect(row?.tenant).toBe(tenant.id);
    expect((await provider.ask<{ items: unknown[] }>('GET', '/api/v1/sites')).body.items).toEqual([]);
    expect((await provider.ask('GET', `/api/v1/operators/${tenant.administratorId}`)).status).toBe(404);
  });

  it('has security officers whom its administrators neither make nor take over', async () => {
    const { tenant, client } = await create('Lübeck', 'hl');
    const administrator = await newOperator(platform, client, ['administrator']);
    const officer = await newOperator(platform, client, ['security-officer']);
    const attempts: [string, string, unknown][] = [
      ['POST', OPERATORS, { username: 'hl2', password: PASSWORD, roles: ['security-officer'] }],
      ['PATCH', `${OPERATORS}/${administrator.id}`, { roles: ['administrator', 'security-officer'] }],
      ['PATCH', `${OPERATORS}/${officer.id}`, { roles: ['viewer'] }],
      ['PATCH', `${OPERATORS}/${tenant.administratorId}`, { disabled: true }],
      ['PUT', `${OPERATORS}/${officer.id}/password`, { password: PASSWORD }],
    ];
    for (const [method, path, body] of attempts) {
      const answer = await administrator.client.ask(method, path, body);
      expect([method, path, answer.status, answer.body['code']]).toEqual([method, path, 403, 'forbidden']);
    }
    const scopes = (await client.ask<{ permissions: string[] }>('GET', '/api/v1/sessions/current')).body.permissions;
    const expiresAt = new Date(Date.now() + 60_000).toISOString();
    const { body } = await client.ask<{ token: string }>('POST', '/api/v1/api-tokens', {
      name: 'x',
      scopes,
      expiresAt,
    });
    const program = new HttpClient(platform.api, body.token);
    expect((await program.ask('PATCH', `${OPERATORS}/${officer.id}`, { disabled: true })).status).toBe(200);
  });

  it('is seen by the provider and by itself, and by no other', async () => {
    const { tenant, client } = await create('Bremen', 'hb');
    const other = (await create('Kiel', 'ki')).tenant;
    const names = async (who: HttpClient): Promise<string[]> =>
      (await who.ask<{ items: Tenant[] }>('GET', TENANTS)).body.items.map(({ name }) => name);
    expect(await names(provider)).toEqual(expect.arrayContaining(['Default', 'Bremen', 'Kiel']));
    expect(await names(client)).toEqual(['Bremen']);
    expect((await client.ask('GET', `${TENANTS}/${other.id}`)).status).toBe(404);
    expect((await provider.ask('GET', `${TENANTS}/${tenant.id}`)).body).toMatchObject({ name: 'Bremen' });
  });

  it('is renamed by the provider, and neither makes nor renames any', async () => {
    const { tenant, client } = await create('Stade', 'std');
    const renamed = await provider.ask<Tenant>('PATCH', `${TENANTS}/${tenant.id}`, { name: 'Stade und Land' });
    expect([renamed.status, renamed.body.name]).toEqual([200, 'Stade und Land']);
    const order = { name: 'x', administrator: { username: 'x3', password: PASSWORD } };
    const refused = [
      await client.ask('PATCH', `${TENANTS}/${tenant.id}`, { name: 'x' }),
      await client.ask('POST', TENANTS, order),
    ];
    expect(refused.map(({ status, body }) => [status, body['code']])).toEqual([
      [403, 'forbidden'],
      [403, 'forbidden'],
    ]);
    expect((await audited(platform, 'tenant.refused')).length).toBe(2);
    expect((await audited(platform, 'tenant.renamed')).at(-1)).toMatchObject({ subject: tenant.id });
  });

  it('is not left half made when its administrator’s name is taken', async () => {
    const before = await platform.counts(['tenant', 'operator', 'audit_event']);
    const order = { name: 'Half', administrator: { username: 'ADMIN', password: PASSWORD } };
    const { status, body } = await provider.ask('POST', TENANTS, order);
    expect([status, body['code']]).toEqual([409, 'username-taken']);
    expect(await platform.counts(['tenant', 'operator', 'audit_event'])).toEqual(before);
  });

  it.each([
    ['no administrator', { name: 'x' }, '/administrator'],
    ['an administrator that is null', { name: 'x', administrator: null }, '/administrator'],
    [
      'a short password',
      { name: 'x', administrator: { username: 'x4', password: 'short' } },
      '/administrator/password',
    ],
    ['no name', { name: ' ', administrator: { username: 'x4', password: PASSWORD } }, '/name'],
  ])('is refused with %s', async (_title, order, pointer) => {
    const { status, body } = await provider.ask<{ errors: { pointer: string }[] }>('POST', TENANTS, order);
    expect([status, body.errors[0]?.pointer]).toEqual([400, pointer]);
  });
});
