import { randomUUID } from 'node:crypto';
import { Platform } from '../harness/platform.js';
import { HttpClient } from './http-client.js';
import { audited, newOperator, signInFirst } from './operators.js';

interface Operation {
  'x-required-permission'?: string;
  'x-any-signed-in'?: boolean;
  security?: unknown[];
}
type Paths = Record<string, Record<string, Operation>>;

const ROLES = ['viewer', 'operator', 'administrator', 'security-officer'];
const NOWHERE = '01900000-0000-7000-8000-0000000000ff';

let platform: Platform;
let admin: HttpClient;
let operations: [method: string, path: string, operation: Operation][];

beforeAll(async () => {
  platform = await Platform.start({ apps: ['admin-api'] });
  admin = await signInFirst(platform);
  const { body } = await admin.ask<{ paths: Paths }>('GET', '/api/v1/openapi.json');
  operations = Object.entries(body.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]): [string, string, Operation] => [
      method.toUpperCase(),
      path,
      operation,
    ]),
  );
}, 60_000);

afterAll(() => platform?.stop());

/** Asks without a body: who may not is told so before anything else is looked at. */
const isForbidden = async (client: HttpClient, method: string, path: string): Promise<boolean> => {
  // The answer of a stream has no end, its head has.
  const isStream = path.endsWith('/stream');
  const { status, body } = await client.ask(isStream ? 'HEAD' : method, path.replaceAll(/\{[^}]+\}/g, NOWHERE));
  return status === 403 && (isStream || body['code'] === 'forbidden');
};

describe('every route', () => {
  it('says to whom it is open', () => {
    expect(operations.length).toBeGreaterThan(30);
    const unmarked = operations.filter(
      ([, , operation]) =>
        operation['x-required-permission'] === undefined &&
        operation['x-any-signed-in'] !== true &&
        operation.security?.length !== 0,
    );
    expect(unmarked.map(([method, path]) => `${method} ${path}`)).toEqual([]);
  });

  it.each(ROLES)(
    'is open to a %s exactly when the role has its permission',
    async (role) => {
      const { client } = await newOperator(platform, admin, [role]);
      const current = await client.ask<{ permissions: string[] }>('GET', '/api/v1/sessions/current');
      const may = new Set(current.body.permissions);
      expect(may.size).toBeGreaterThan(0);
      for (const [method, path, { 'x-required-permission': permission }] of operations) {
        if (permission === undefined) continue;
        expect([method, path, await isForbidden(client, method, path)]).toEqual([method, path, !may.has(permission)]);
      }
    },
    60_000,
  );
});

describe('a refusal', () => {
  it('names the permission that is missing and is audited', async () => {
    const { client, username, id } = await newOperator(platform, admin, ['viewer']);
    const { status, body } = await client.ask('POST', '/api/v1/sites', { name: 'Mine' });
    expect([status, body['code'], body['detail']]).toEqual([403, 'forbidden', 'the permission sites:write is needed']);
    const rows = (await audited(platform, 'access.refused')).filter(({ subject }) => subject === id);
    expect(rows).toMatchObject([
      { actor: `operator:${username}`, details: { permission: 'sites:write', method: 'POST', path: '/api/v1/sites' } },
    ]);
    expect(await platform.counts(['site'])).toEqual({ site: 0 });
  });

  it('is counted when there are many, and nobody fills the audit by them', async () => {
    const { client, username, id } = await newOperator(platform, admin, ['viewer']);
    const before = await platform.counts(['audit_event']);
    for (let n = 0; n < 300; n++) {
      const path = n % 2 === 0 ? '/api/v1/sites' : `/api/v1/sites/${randomUUID()}/replace`;
      expect((await client.ask('POST', path, { name: 'Mine' })).status).toBe(403);
    }
    const rows = (await audited(platform, 'access.refused')).filter(({ actor }) => actor === `operator:${username}`);
    expect(rows.map(({ subject }) => subject)).toEqual([...Array.from({ length: 50 }, () => id), 'various']);
    const after = await platform.counts(['audit_event']);
    expect((after['audit_event'] ?? 0) - (before['audit_event'] ?? 0)).toBe(51);
  }, 60_000);
});

describe('the first operator', () => {
  it('has every permission, that for the certificate authority included', async () => {
    const { body } = await admin.ask<{ permissions: string[]; operator: { roles: string[] } }>(
      'GET',
      '/api/v1/sessions/current',
    );
    expect(body.operator.roles).toEqual(['administrator', 'security-officer']);
    expect(body.permissions).toEqual(expect.arrayContaining(['authority:write', 'operators:write', 'video:watch']));
  });
});
