import { Validator } from '@seriousme/openapi-schema-validator';
import { ApiContract, type OpenApiDocument } from '../harness/api-contract.js';
import { Platform } from '../harness/platform.js';

interface Operation {
  operationId: string;
  responses: Record<string, object>;
  'x-answered-once'?: string[];
  'x-tagged'?: boolean;
}

let platform: Platform;
let document: OpenApiDocument;

beforeAll(async () => {
  platform = await Platform.start({ apps: ['admin-api'] });
  document = (await (await fetch(`${platform.api}/api/v1/openapi.json`)).json()) as OpenApiDocument;
}, 60_000);

afterAll(() => platform?.stop());

const operations = (): [string, Operation][] =>
  Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]): [string, Operation] => [
      `${method} ${path}`,
      operation as unknown as Operation,
    ]),
  );

/** Every object of the document, with where it is. */
const objectsOf = (node: unknown, pointer = ''): [string, Record<string, unknown>][] => {
  if (typeof node !== 'object' || node === null) return [];
  const own: [string, Record<string, unknown>][] = Array.isArray(node)
    ? []
    : [[pointer, node as Record<string, unknown>]];
  return [...own, ...Object.entries(node).flatMap(([name, value]) => objectsOf(value, `${pointer}/${name}`))];
};

describe('the OpenAPI document', () => {
  it('is valid OpenAPI 3.1', async () => {
    const result = await new Validator().validate(structuredClone(document) as unknown as Record<string, unknown>);
    expect(result.errors ?? []).toEqual([]);
    expect(result.valid).toBe(true);
    expect(document.openapi).toMatch(/^3\.1\./);
  });

  it('has no word of earlier versions, and closes every object that names its members', () => {
    const objects = objectsOf(document);
    expect(objects.filter(([, node]) => 'nullable' in node).map(([pointer]) => pointer)).toEqual([]);
    const open = objects.filter(
      ([pointer, { type, properties, additionalProperties }]) =>
        type === 'object' && properties && additionalProperties === undefined && !/\/allOf\/1$/.test(pointer),
    );
    expect(open.map(([pointer]) => pointer)).toEqual([]);
  });

  it('lists failures of every operation by status, each with its codes, and no unknown rest', () => {
    for (const [name, { responses }] of operations()) {
      expect([name, Object.keys(responses)]).toEqual([name, expect.arrayContaining(['400', '429', '500', '503'])]);
      expect(responses).not.toHaveProperty('default');
    }
    for (const [status, response] of Object.entries(document.components.responses)) {
      expect(JSON.stringify([status, response])).toMatch(/"code":\{"enum":\["[a-z-]+"/);
    }
  });

  it('names every operation once', () => {
    const ids = operations().map(([, { operationId }]) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('lets every change of a resource depend on what was read', () => {
    const changes = operations().filter(([name]) => name.startsWith('patch '));
    expect(changes.length).toBeGreaterThan(4);
    expect(changes.filter(([, operation]) => operation['x-tagged'] !== true)).toEqual([]);
  });

  it('says of every answer that is given once which of its members are secret', () => {
    const once = operations().filter(([, operation]) => operation['x-answered-once']);
    expect(once.map(([name]) => name)).toEqual(expect.arrayContaining(['post /api/v1/sites/{siteId}/keyfiles']));
    const secrets = objectsOf(document).filter(
      ([, { description }]) => typeof description === 'string' && /answered this once(?!.*null when)/.test(description),
    );
    // A token of a session is answered to who has no caller yet: nothing is repeated there.
    expect(secrets.map(([pointer]) => pointer)).toEqual(['/components/schemas/Session/properties/token']);
  });
});

describe('an answer', () => {
  const site = {
    method: 'GET',
    path: '/api/v1/tenants/1',
    headers: new Headers({ 'content-type': 'application/json' }),
  };
  const tenant = { id: '01900000-0000-7000-8000-000000000001', name: 'A', createdAt: '2026-01-01T00:00:00.000Z' };
  const checked = (status: number, body: unknown, headers: Record<string, string> = {}): string | null => {
    const all = { 'content-type': 'application/json', 'x-request-id': 'x', etag: '"x"', ...headers };
    const answer = { ...site, status, headers: new Headers(all), body: JSON.stringify(body) };
    return new ApiContract(document).check(answer);
  };

  it.each([
    ['as described', 200, tenant, {}, null],
    ['with another member', 200, { ...tenant, secret: 1 }, {}, 'additional properties'],
    ['without a member', 200, { ...tenant, name: undefined }, {}, "required property 'name'"],
    ['with a member of another form', 200, { ...tenant, id: 'x' }, {}, 'format'],
    ['of another status', 418, tenant, {}, 'not listed'],
    ['of another content type', 200, tenant, { 'content-type': 'text/html' }, 'content type'],
    ['that is a failure with the body of a success', 404, tenant, {}, 'content type'],
  ] as const)('%s is told apart', (_title, status, body, headers, fault) => {
    const found = checked(status, body, headers);
    if (fault === null) expect(found).toBeNull();
    else expect(found).toContain(fault);
  });
});
