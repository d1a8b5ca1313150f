import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { EntitySite, type RestEntity, type RestPage, siteEntity } from '../harness/entity-site.js';
import { waitUntil } from '../harness/condition.js';

const TREE = [
  siteEntity('b1', { kind: 'area', name: 'Building 1' }),
  siteEntity('f1', { kind: 'area', name: 'Floor 1', parentId: 'b1' }),
  siteEntity('cam-hall', { name: 'Hall 100%', parentId: 'f1', ptz: true, audio: true }),
  siteEntity('cam-lift', { name: 'Lift', parentId: 'f1', state: 'offline', stateReason: 'camera-timeout' }),
  siteEntity('door-1', { kind: 'door', name: 'Café entrance', parentId: 'b1' }),
  siteEntity('in-1', { kind: 'input', name: 'Fire alarm', parentId: 'b1' }),
  siteEntity('out-1', { kind: 'output', name: 'Siren', parentId: 'b1', state: 'unknown' }),
  siteEntity('zone-9', { kind: 'zone', name: 'Yard zone' }),
  siteEntity('sensor_x', {
    kind: 'unknown',
    name: 'Thermometer',
    parentId: 'demolished',
    properties: { vendor: 'acme', degrees: 21.5, nested: { list: [1, null] } },
  }),
];

let desk: EntitySite;

beforeAll(async () => {
  desk = await EntitySite.start();
  for (const entity of TREE) desk.site.directory.upsert(entity);
  await waitUntil('all are there', async () => (await desk.list()).length === TREE.length);
}, 90_000);

afterAll(() => desk?.stop(), 30_000);

const get = async <Body>(path: string): Promise<{ status: number; body: Body & { code?: string } }> =>
  desk.admin.ask<Body & { code?: string }>('GET', `/api/v1${path}`);
const idOf = async (remoteId: string): Promise<string> => (await desk.byRemoteId(remoteId))?.id ?? '';

describe('the list of entities', () => {
  it('has every kind, and what no one knows with its properties', async () => {
    const all = await desk.list();
    expect(all.map(({ name }) => name)).toEqual([
      'Building 1',
      'Café entrance',
      'Fire alarm',
      'Floor 1',
      'Hall 100%',
      'Lift',
      'Siren',
      'Thermometer',
      'Yard zone',
    ]);
    const thermometer = all.find(({ remoteId }) => remoteId === 'sensor_x');
    expect(thermometer).toMatchObject({ kind: 'unknown', parentId: null, camera: null, siteLabel: 'hamburg' });
    expect(thermometer?.properties).toEqual({ vendor: 'acme', degrees: 21.5, nested: { list: [1, null] } });
  });

  it('tells what a camera can, here and among the cameras', async () => {
    const hall = await desk.byRemoteId('cam-hall');
    expect(hall?.camera).toEqual({ path: 'cam-hall', ptz: true, audio: true, streams: [] });
    expect(hall?.parentId).toBe(await idOf('f1'));
    const { body } = await get<RestPage<{ name: string; ptz: boolean; audio: boolean }>>('/cameras');
    expect(Object.fromEntries(body.items.map(({ name, ptz, audio }) => [name, [ptz, audio]]))).toEqual({
      'Hall 100%': [true, true],
      Lift: [false, false],
    });
  });

  it.each([
    ['q=hall', ['Hall 100%']],
    ['q=CAF%C3%89', ['Café entrance']],
    ['q=al', ['Fire alarm', 'Hall 100%']],
    ['q=0%25', ['Hall 100%']],
    ['q=_', ['Thermometer']],
    ['q=DOOR-1', ['Café entrance']],
    ['q=nothing-has-this', []],
    ['kind=area', ['Building 1', 'Floor 1']],
    ['kind=unknown', ['Thermometer']],
    ['kind=alarm', []],
    ['state=offline', ['Lift']],
    ['state=unknown', ['Siren']],
    ['state=online&kind=camera', ['Hall 100%']],
    ['sort=-name&kind=area', ['Floor 1', 'Building 1']],
  ])('answers %s', async (query, names) => {
    expect(await desk.names(query)).toEqual(names);
  });

  it('has what is in an area at any depth, and knows sites and roles', async () => {
    const inside = await desk.names(`areaId=${await idOf('b1')}`);
    expect(inside).toEqual(['Café entrance', 'Fire alarm', 'Floor 1', 'Hall 100%', 'Lift', 'Siren']);
    expect(await desk.names(`areaId=${await idOf('f1')}&state=online`)).toEqual(['Hall 100%']);
    expect(await desk.names(`areaId=${randomUUID()}`)).toEqual([]);
    const role = await desk.role();
    expect(await desk.names(`siteId=${desk.siteId}&roleId=${role?.id}`)).toHaveLength(TREE.length);
    expect(await desk.names(`siteId=${randomUUID()}`)).toEqual([]);
    expect(await desk.names(`roleId=${randomUUID()}`)).toEqual([]);
  });

  it.each(['name', '-name', 'updatedAt', '-updatedAt', '-updatedAt,name'])(
    'is the same page by page by %s',
    async (sort) => {
      const whole = await desk.names(`sort=${sort}`);
      expect(await desk.names(`sort=${sort}&limit=2`)).toEqual(whole);
      expect(new Set(whole).size).toBe(TREE.length);
    },
  );

  it('takes no cursor of another question, and no question that it does not know', async () => {
    const { body } = await get<RestPage<RestEntity>>('/entities?limit=2&kind=camera');
    const { body: first } = await get<RestPage<RestEntity>>('/entities?limit=2');
    expect(body.nextCursor).toBeNull();
    expect((await get(`/entities?limit=2&kind=area&cursor=${first.nextCursor}`)).body.code).toBe('invalid-cursor');
    for (const query of ['kind=car', 'state=up', 'sort=kind', 'siteId=1', 'q=', 'colour=red']) {
      expect([query, (await get(`/entities?${query}`)).status]).toEqual([query, 400]);
    }
  });
});

describe('the states of many', () => {
  it('come in the order asked for, each once, and what is no entity is named', async () => {
    const [hall, lift, nobody] = [await idOf('cam-hall'), await idOf('cam-lift'), randomUUID()];
    const ids = [lift, nobody, hall.toUpperCase(), lift];
    const { body, status } = await desk.admin.ask('POST', '/api/v1/entities/states', { ids });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      states: [
        { id: lift, state: 'offline', stateReason: 'camera-timeout' },
        { id: hall, state: 'online', stateReason: null },
      ],
      unknownIds: [nobody],
    });
  });

  it('are a thousand at most', async () => {
    const ask = (count: number) =>
      desk.admin.ask('POST', '/api/v1/entities/states', { ids: Array.from({ length: count }, () => randomUUID()) });
    expect((await ask(1_000)).status).toBe(200);
    expect((await ask(1_001)).status).toBe(400);
    expect((await ask(0)).status).toBe(400);
    expect((await desk.admin.ask('POST', '/api/v1/entities/states', { ids: ['x'] })).status).toBe(400);
  });
});

describe('the tree of a site', () => {
  interface Node {
    id: string;
    parentId: string | null;
    name: string;
    depth: number;
    children: number;
    below: Record<string, number>;
  }
  const tree = async (query = ''): Promise<Node[]> => {
    const nodes: Node[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const path: string = `/sites/${desk.siteId}/tree?${query}${cursor && `&cursor=${cursor}`}`;
      const { body } = await get<RestPage<Node>>(path);
      nodes.push(...body.items);
      cursor = body.nextCursor;
    }
    return nodes;
  };
  const outline = (nodes: Node[]): string[] => nodes.map(({ name, depth }) => `${'-'.repeat(depth - 1)}${name}`);

  it('has each before what is in it, and counts the states below', async () => {
    const nodes = await tree();
    expect(outline(nodes)).toEqual([
      'Building 1',
      '-Café entrance',
      '-Fire alarm',
      '-Floor 1',
      '--Hall 100%',
      '--Lift',
      '-Siren',
      'Thermometer',
      'Yard zone',
    ]);
    expect(nodes[0]).toMatchObject({ parentId: null, children: 4, below: { online: 3, offline: 1, unknown: 1 } });
    expect(nodes[4]?.parentId).toBe(nodes[3]?.id);
    expect(outline(await tree('limit=2'))).toEqual(outline(nodes));
  });

  it('goes as deep as asked, and begins where asked', async () => {
    expect(outline(await tree('depth=1'))).toEqual(['Building 1', 'Thermometer', 'Yard zone']);
    const [building, floor] = [await idOf('b1'), await idOf('f1')];
    const below = await tree(`areaId=${building}&depth=1`);
    expect(outline(below)).toEqual(['Café entrance', 'Fire alarm', 'Floor 1', 'Siren']);
    expect(below.every(({ parentId }) => parentId === building)).toBe(true);
    expect(outline(await tree(`areaId=${floor}`))).toEqual(['Hall 100%', 'Lift']);
  });

  it('says what is not there', async () => {
    expect((await get(`/sites/${randomUUID()}/tree`)).body.code).toBe('not-found');
    expect((await get(`/sites/${desk.siteId}/tree?areaId=${randomUUID()}`)).body.code).toBe('entity-not-found');
    expect((await get(`/sites/${desk.siteId}/tree?depth=0`)).status).toBe(400);
    const { body } = await get<RestPage<Node>>(`/sites/${desk.siteId}/tree?limit=2`);
    const other = await get(`/sites/${desk.siteId}/tree?limit=2&depth=1&cursor=${body.nextCursor}`);
    expect(other.body.code).toBe('invalid-cursor');
    expect((await get(`/sites/${desk.siteId}/tree?cursor=abc`)).body.code).toBe('invalid-cursor');
  });
});

describe('what a site says', () => {
  it('is in REST within a second', async () => {
    const delays: number[] = [];
    const id = await idOf('cam-hall');
    for (let n = 0; n < 20; n++) {
      const state = n % 2 === 0 ? 'offline' : 'online';
      const startedAt = performance.now();
      desk.site.directory.upsert(siteEntity('cam-hall', { name: 'Hall 100%', parentId: 'f1', state }));
      while ((await get<RestEntity>(`/entities/${id}`)).body.state !== state) await delay(5);
      delays.push(performance.now() - startedAt);
    }
    expect(delays.toSorted((a, b) => a - b).at(-2)).toBeLessThan(1_000);
  });

  it('arrives whole when it all comes at once, the last word on each', async () => {
    for (const state of ['offline', 'unknown', 'online'] as const) {
      for (let n = 0; n < 500; n++) desk.site.directory.upsert(siteEntity(`mass-${n}`, { kind: 'input', state }));
    }
    for (let n = 0; n < 100; n++) desk.site.directory.remove(`mass-${n}`);
    await waitUntil(
      'all changes are there',
      async () => (await desk.list('q=mass-&state=online&limit=200')).length === 400,
    );
    expect(await desk.list('q=mass-&limit=200')).toHaveLength(400);
    for (let n = 0; n < 500; n++) desk.site.directory.remove(`mass-${n}`);
    await waitUntil('all are gone', async () => (await desk.list('q=mass-')).length === 0);
  }, 30_000);

  it('arrives also when federation is killed in the middle of it', async () => {
    const say = (state: 'online' | 'offline', from: number, to: number): void => {
      for (let n = from; n < to; n++) desk.site.directory.upsert(siteEntity(`kill-${n}`, { kind: 'input', state }));
    };
    say('online', 0, 400);
    await waitUntil('the first are there', async () => (await desk.list('q=kill-')).length > 0);
    const back = desk.platform.kill('federation');
    say('offline', 0, 300);
    desk.site.directory.remove('kill-399');
    await back;
    await waitUntil(
      'all is as it was said',
      async () => (await desk.list('q=kill-&state=offline&limit=200')).length === 300,
    );
    expect(await desk.list('q=kill-&limit=200')).toHaveLength(399);
    for (let n = 0; n < 400; n++) desk.site.directory.remove(`kill-${n}`);
    await waitUntil('all are gone', async () => (await desk.list('q=kill-')).length === 0);
  }, 60_000);

  it('may be nonsense, and costs no other entity its place', async () => {
    const nonsense = [
      siteEntity('', { name: 'no key' }),
      siteEntity('nul\0', { name: 'a NUL' }),
      siteEntity('x'.repeat(300), { name: 'a long key' }),
      siteEntity('ring-a', { kind: 'area', name: 'Ring A', parentId: 'ring-b' }),
      siteEntity('ring-b', { kind: 'area', name: 'Ring B', parentId: 'ring-a' }),
      siteEntity('cut', { kind: 'input', name: `${'x'.repeat(199)}😀` }),
      siteEntity('Twin 1', { kind: 'input', name: 'Twin', properties: { nul: '\0' } }),
      siteEntity('twin-1', { kind: 'unknown', name: 'Twin' }),
    ];
    for (const entity of nonsense) desk.site.directory.upsert(entity);
    await desk.until('twin-1', 'there', (entity) => entity !== undefined);
    desk.site.directory.upsert(siteEntity('twin-1', { kind: 'input', name: 'Twin' }));
    await desk.until('twin-1', 'an input', (entity) => entity?.kind === 'input');
    expect(await desk.names('q=twin')).toEqual(['Twin', 'Twin']);
    expect(await desk.names(`areaId=${await idOf('ring-a')}`)).toEqual(['Ring B']);
    expect((await desk.byRemoteId('cut'))?.name).toBe('x'.repeat(199));
    const { body } = await get<RestPage<{ name: string; depth: number }>>(`/sites/${desk.siteId}/tree?limit=200`);
    expect(body.items.filter(({ name }) => name.startsWith('Ring')).map(({ depth }) => depth)).toEqual([1, 2]);
    for (const { remoteId } of nonsense) desk.site.directory.remove(remoteId);
    await waitUntil('the nonsense is gone', async () => (await desk.list()).length === TREE.length);
    expect((await desk.role())?.state).toBe('connected');
  }, 30_000);
});
