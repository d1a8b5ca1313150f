import { Platform } from '../harness/platform.js';
import { ApiDocument, type Operation } from './api-document.js';
import { type Answer, HttpClient } from './http-client.js';
import { firstPassword, signInFirst } from './operators.js';
import { insertTenant } from './persistence.rows.js';
import { BODIES, Ids, QUERIES, stateOf, unknownParameters } from './tenancy.fixtures.js';

/** Permissions that no role gives outside the provider's tenant: their routes refuse before they look at any id. */
const PROVIDER_ONLY = new Set(['authority:read', 'authority:write']);
/** Of the provider's tenant alone: others are told that there is nothing. */
const PROVIDER_PATHS = new Set(['/api/v1/brokers', '/api/v1/recovery']);
/** They make nothing, and tell of each id whether it is known. */
const ASKS = new Set(['POST /api/v1/entities/states']);
const STRANGER = { username: 'stranger', password: 'the stranger’s password' };

let platform: Platform;
/** Administrator and security officer of another tenant. */
let stranger: HttpClient;
/** The same in the tenant whose ids are used. */
let owner: HttpClient;
let tenantId: string;
let document: ApiDocument;
let withIds: Operation[];
let lists: Operation[];

beforeAll(async () => {
  platform = await Platform.start({ apps: ['keyfile-issuer', 'federation', 'admin-api'] });
  const admin = await signInFirst(platform);
  ({ tenantId } = await insertTenant(platform.query.bind(platform)));
  await platform.query(
    `INSERT INTO operator (tenant_id, username, password_hash, roles)
     SELECT $1, 'owner', password_hash, roles FROM operator WHERE username = 'admin'`,
    [tenantId],
  );
  await admin.ask('POST', '/api/v1/tenants', { name: 'Strangers', administrator: STRANGER });
  owner = await new HttpClient(platform.api).signIn('owner', firstPassword(platform));
  stranger = await new HttpClient(platform.api).signIn(STRANGER.username, STRANGER.password);
  document = await ApiDocument.read(admin);
  const operations = document.operations();
  withIds = operations.filter(({ path }) => path.includes('{'));
  // A stream has no end; test/e2e/event-stream.e2e-spec.ts asks for that of another tenant.
  const isList = ({ method, path }: Operation): boolean => method === 'GET' && !/\{|\/oidc\/|\/stream$/.test(path);
  lists = operations.filter(isList);
}, 60_000);

afterAll(() => platform?.stop());

const named = ({ method, path }: Operation): string => `${method} ${path}`;

/** Asks for the operation with these ids wherever an id belongs. */
const askWith = async (client: HttpClient, operation: Operation, ids: Ids): Promise<Answer> => {
  const { method, path, parameters, body } = operation;
  let address = path;
  const query = new URLSearchParams();
  const headers: Record<string, string> = {};
  for (const { name, in: place, required, schema } of parameters) {
    if (place === 'path') address = address.replace(`{${name}}`, await ids.of(path, name));
    else if (place === 'header' && required) headers[name] = typeof schema?.example === 'string' ? schema.example : '*';
    else if (schema?.format === 'uuid') query.set(name, await ids.of(path, name));
    else if (required && schema)
      query.set(name, QUERIES[named(operation)]?.[name] ?? String(document.sample(schema, () => '', name)));
  }
  const inBody = new Map<string, string>();
  const sample = body && (BODIES[named(operation)] ?? (await sampleOf(operation, ids, inBody)));
  return client.ask(method, query.size === 0 ? address : `${address}?${query.toString()}`, sample, headers);
};

/** Two passes: the first finds out which ids the body wants. */
const sampleOf = async ({ path, body = {} }: Operation, ids: Ids, found: Map<string, string>): Promise<unknown> => {
  const names = new Set<string>();
  document.sample(body, (name) => (names.add(name), ''));
  for (const name of names) found.set(name, await ids.of(path, name));
  return document.sample(body, (name) => found.get(name) ?? '');
};

describe('every route with an id in its path', () => {
  it('is asked by an administrator of another tenant', async () => {
    const { status, body } = await stranger.ask<{ operator: { tenantId: string } }>('GET', '/api/v1/sessions/current');
    expect([status, body.operator.tenantId === tenantId]).toEqual([200, false]);
  });

  it('has a fixture here', () => {
    expect(withIds.length).toBeGreaterThan(20);
    const missing = withIds.flatMap((operation) =>
      unknownParameters(operation).map((name) => `${named(operation)}: say in tenancy.fixtures.ts what {${name}} is`),
    );
    expect(missing).toEqual([]);
  });

  it('finds what belongs to the caller’s own tenant', async () => {
    const ids = new Ids(platform, tenantId);
    const wrong: string[] = [];
    for (const operation of withIds.filter(({ method }) => method === 'GET')) {
      const { status } = await askWith(owner, operation, ids);
      const isReserved = PROVIDER_ONLY.has(operation.permission ?? '') && status === 403;
      // What only the site itself can tell is away with it.
      const isAway = /\/(?:recordings|timeline|snapshot|ptz)$/.test(operation.path) && status === 503;
      if (status !== 200 && status !== 501 && !isReserved && !isAway) wrong.push(`${named(operation)}: ${status}`);
    }
    expect(wrong).toEqual([]);
  }, 60_000);

  it('answers for another tenant’s as for what does not exist, and changes nothing', async () => {
    const [theirs, nobodys] = [new Ids(platform, tenantId), new Ids(platform, null)];
    const before = await stateOf(platform, tenantId);
    const wrong: unknown[] = [];
    for (const operation of withIds) {
      const [foreign, none] = [await askWith(stranger, operation, theirs), await askWith(stranger, operation, nobodys)];
      const expected = PROVIDER_ONLY.has(operation.permission ?? '') ? [403, 501] : [404, 501];
      const verdicts = [foreign, none].map(({ status, body }) => [status, body['code'], body['detail']].join(' '));
      if (!expected.includes(foreign.status) || verdicts[0] !== verdicts[1])
        wrong.push([named(operation), ...verdicts]);
    }
    expect(wrong).toEqual([]);
    expect(await stateOf(platform, tenantId)).toEqual(before);
  }, 120_000);
});

describe('every list', () => {
  const idsOf = async (): Promise<string[]> => {
    const tables = [
      'site',
      'agent',
      'enrol_token',
      'operator',
      'federation_role',
      'entity',
      'event',
      'alarm',
      'view_ticket',
      'stream',
      'api_token',
      'webhook',
      'onboarding',
    ];
    const found = await Promise.all(
      tables.map((table) => platform.query<{ id: string }>(`SELECT id FROM ${table} WHERE tenant_id = $1`, [tenantId])),
    );
    return [tenantId, ...found.flat().map(({ id }) => id)];
  };

  it('shows nothing of another tenant, and is not empty for want of anything to show', async () => {
    const ids = await idsOf();
    const shown = { stranger: new Set<string>(), owner: new Set<string>() };
    const failed: string[] = [];
    for (const operation of lists) {
      for (const [who, client] of [
        ['stranger', stranger],
        ['owner', owner],
      ] as const) {
        const plain = { ...operation, parameters: [] };
        const { status, body } = await askWith(client, plain, new Ids(platform, tenantId));
        const isReserved = PROVIDER_ONLY.has(operation.permission ?? '') || PROVIDER_PATHS.has(operation.path);
        if (status >= 400 && status !== 501 && !isReserved) failed.push(`${named(operation)}: ${status}`);
        const text = JSON.stringify(body);
        for (const id of ids) if (text.includes(id)) shown[who].add(`${operation.path} ${id}`);
      }
    }
    expect(failed).toEqual([]);
    expect([...shown.stranger]).toEqual([]);
    expect(shown.owner.size).toBeGreaterThan(6);
  }, 60_000);

  it('asked for another tenant’s ids shows nothing either', async () => {
    const theirs = new Ids(platform, tenantId);
    const filtered = lists.filter(({ parameters }) => parameters.some(({ schema }) => schema?.format === 'uuid'));
    expect(filtered.length).toBeGreaterThan(2);
    for (const operation of filtered) {
      const { status, body } = await askWith(stranger, operation, theirs);
      const isEmpty = status === 404 || JSON.stringify(body['items']) === '[]';
      expect([named(operation), isEmpty]).toEqual([named(operation), true]);
    }
  });
});

describe('every route that makes something', () => {
  it('makes nothing of another tenant’s ids in its body', async () => {
    const before = await stateOf(platform, tenantId);
    const theirs = new Ids(platform, tenantId);
    const makers = document
      .operations()
      .filter(({ method, path, body }) => method === 'POST' && !path.includes('{') && body !== undefined);
    let asked = 0;
    for (const operation of makers) {
      const wanted = new Map<string, string>();
      await sampleOf(operation, theirs, wanted);
      if (wanted.size === 0) continue;
      asked += 1;
      const { status, body } = await askWith(stranger, operation, theirs);
      const expected = ASKS.has(named(operation)) ? 200 : 404;
      expect([named(operation), status]).toEqual([named(operation), expected]);
      if (expected === 200) expect(body).toMatchObject({ states: [] });
    }
    expect(asked).toBeGreaterThan(0);
    expect(await stateOf(platform, tenantId)).toEqual(before);
  });
});
