import { randomUUID } from 'node:crypto';
import { waitUntil } from '../harness/condition.js';
import { EntitySite, type RestEntity, siteEntity } from '../harness/entity-site.js';
import type { Answer } from './http-client.js';
import { audited, newOperator } from './operators.js';

let desk: EntitySite;
let gate: RestEntity;

beforeAll(async () => {
  desk = await EntitySite.start();
  desk.site.directory.upsert(siteEntity('gate', { name: 'Gate' }));
  gate = await desk.until('gate', 'there', (entity) => entity !== undefined);
}, 90_000);

afterAll(() => desk?.stop(), 30_000);

const read = (id = gate.id): Promise<Answer<RestEntity & { code?: string }>> =>
  desk.admin.ask('GET', `/api/v1/entities/${id}`);
const note = (text: string | null, headers = {}, id = gate.id): Promise<Answer<RestEntity & { code?: string }>> =>
  desk.admin.ask('PATCH', `/api/v1/entities/${id}`, { note: text }, headers);

describe('a note', () => {
  it('is kept with who wrote it, and the audit knows of it without its text', async () => {
    const { status, body } = await note('Key at the porter’s\n2nd line');
    expect([status, body.note, body.notedBy]).toEqual([200, 'Key at the porter’s\n2nd line', 'operator:admin']);
    expect((await read()).body).toEqual(body);
    const [row] = await audited(desk.platform, 'entity.noted');
    expect(row).toMatchObject({
      actor: 'operator:admin',
      subject: gate.id,
      details: { remoteId: 'gate', removed: false },
    });
    expect(JSON.stringify(row)).not.toContain('porter');
  });

  it('is not written twice when nothing changes', async () => {
    const before = (await audited(desk.platform, 'entity.noted')).length;
    await note('Key at the porter’s\n2nd line');
    expect((await desk.admin.ask('PATCH', `/api/v1/entities/${gate.id}`, {})).status).toBe(200);
    expect(await audited(desk.platform, 'entity.noted')).toHaveLength(before);
  });

  it('is refused when another one was written since, and not because the site said something', async () => {
    const etag = (await read()).headers.get('etag') ?? '';
    desk.site.directory.upsert(siteEntity('gate', { name: 'Gate', state: 'offline', stateReason: 'camera-timeout' }));
    await desk.until('gate', 'offline', (entity) => entity?.state === 'offline');
    expect((await note('mine', { 'if-match': etag })).status).toBe(200);
    expect((await note('too late', { 'if-match': etag })).body.code).toBe('precondition-failed');
    expect((await read()).body.note).toBe('mine');
  });

  it('is that of one of two who write at the same time, and the other is told', async () => {
    const etag = (await read()).headers.get('etag') ?? '';
    const answers = await Promise.all(['one', 'two', 'three'].map((text) => note(text, { 'if-match': etag })));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 412, 412]);
  });

  it.each([
    { name: 'Mine' },
    { note: '' },
    { note: 'a\u0007' },
    { note: 'x'.repeat(4_001) },
    { note: 5 },
    { state: 'online' },
  ])('is all that may be changed: %j', async (body) => {
    expect((await desk.admin.ask('PATCH', `/api/v1/entities/${gate.id}`, body)).status).toBe(400);
  });

  it('is read by a viewer and written by an operator', async () => {
    const viewer = (await newOperator(desk.platform, desk.admin, ['viewer'])).client;
    const operator = (await newOperator(desk.platform, desk.admin, ['operator'])).client;
    const path = `/api/v1/entities/${gate.id}`;
    expect((await viewer.ask('GET', path)).status).toBe(200);
    expect((await viewer.ask('PATCH', path, { note: 'x' })).status).toBe(403);
    expect((await operator.ask('PATCH', path, { note: 'The operator’s' })).status).toBe(200);
  });

  it('waits for a camera that the site takes away until it is back', async () => {
    desk.site.directory.remove('gate');
    await waitUntil('the gate is gone', async () => (await read()).status === 404);
    expect((await read()).body.code).toBe('entity-not-found');
    expect((await note('x')).body.code).toBe('entity-not-found');
    const camera = `/api/v1/cameras/${gate.id}`;
    for (const [method, path, body] of [
      ['GET', camera, undefined],
      ['GET', `${camera}/snapshot`, undefined],
      ['GET', `${camera}/recordings?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z`, undefined],
      ['POST', `${camera}/view-tickets`, { usage: 'live' }],
    ] as const) {
      expect((await desk.admin.ask(method, path, body)).body).toMatchObject({ code: 'camera-not-found', status: 404 });
    }
    desk.site.directory.upsert(siteEntity('gate', { name: 'Gate (new)' }));
    const back = await desk.until('gate', 'back', (entity) => entity !== undefined);
    expect(back).toMatchObject({ id: gate.id, name: 'Gate (new)', note: 'The operator’s' });
  });

  it('outlives the role: one made again for the site finds the same ids and their notes', async () => {
    const role = await desk.role();
    expect((await desk.admin.ask('DELETE', `/api/v1/federation-roles/${role?.id}`)).status).toBe(204);
    expect(await desk.list()).toEqual([]);
    expect((await read()).body.code).toBe('entity-not-found');
    const { address: directoryAddress, username, password, tlsPin } = desk.site;
    const created = await desk.admin.ask('POST', '/api/v1/federation-roles', {
      siteId: desk.siteId,
      directoryAddress,
      username,
      password,
      tlsPin,
      enabled: true,
    });
    expect(created.status).toBe(201);
    const back = await desk.until('gate', 'online', (entity) => entity?.state === 'online');
    expect(back).toMatchObject({ id: gate.id, note: 'The operator’s' });
    expect(back.roleId).not.toBe(role?.id);
  }, 30_000);

  it('can be taken away', async () => {
    expect((await note(null)).body).toMatchObject({ note: null, notedAt: null, notedBy: null });
    expect((await audited(desk.platform, 'entity.noted')).at(-1)?.details).toMatchObject({ removed: true });
    expect((await note('x', {}, randomUUID())).body.code).toBe('entity-not-found');
  });

  it('goes with its site', async () => {
    await note('Soon gone');
    expect((await desk.admin.ask('DELETE', `/api/v1/sites/${desk.siteId}`)).status).toBe(204);
    expect(await desk.platform.query('SELECT * FROM entity_note')).toEqual([]);
    expect((await read()).body.code).toBe('entity-not-found');
  });
});
