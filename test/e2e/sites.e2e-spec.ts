import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitUntil } from '../harness/condition.js';
import { Platform } from '../harness/platform.js';
import { HttpClient, type Answer } from './http-client.js';

interface Site {
  id: string;
  name: string;
  label: string;
  tags: Record<string, string>;
  location: object | null;
  notes: string | null;
  tunnel: { state: string; since: string | null };
}
interface Page {
  items: Site[];
  nextCursor: string | null;
}

const SITES = '/api/v1/sites';

let platform: Platform;
let admin: HttpClient;

beforeAll(async () => {
  platform = await Platform.start({ apps: ['keyfile-issuer', 'federation', 'admin-api'] });
  const password = readFileSync(join(platform.dataDir, 'first-password'), 'utf8').trim();
  admin = await new HttpClient(platform.api).signIn('admin', password);
}, 60_000);

afterAll(() => platform?.stop());

const create = async (body: object): Promise<Site> => (await admin.ask<Site>('POST', SITES, body)).body;

const names = async (query: string): Promise<string[]> =>
  (await admin.ask<Page>('GET', `${SITES}?${query}`)).body.items.map(({ name }) => name);

describe('the facts of a site', () => {
  const facts = {
    name: 'Hafen',
    tags: { region: 'north', 'team/owner': 'Müller & Söhne' },
    location: { address: 'Hafenstraße 1', latitude: 53.54, longitude: 9.98 },
    notes: 'Key at the porter’s.\nRing twice.',
  };

  it('come back as they were given, and are null or empty when they were not', async () => {
    const site = await create(facts);
    expect(site).toMatchObject(facts);
    expect(await create({ name: 'Plain' })).toMatchObject({ tags: {}, location: null, notes: null });
    expect(await create({ name: 'Half', location: { address: 'x' } })).toMatchObject({
      location: { address: 'x', latitude: null, longitude: null },
    });
  });

  it('change one by one; tags are merged, null takes away', async () => {
    const { id } = await create(facts);
    const change = async (body: object): Promise<Site> => (await admin.ask<Site>('PATCH', `${SITES}/${id}`, body)).body;
    expect(await change({ tags: { region: 'south', tier: '1', 'team/owner': null } })).toMatchObject({
      ...facts,
      tags: { region: 'south', tier: '1' },
    });
    expect(await change({ location: null })).toMatchObject({ location: null, notes: facts.notes });
    expect(await change({ notes: null, location: { address: 'Kai 2' } })).toMatchObject({
      notes: null,
      location: { address: 'Kai 2', latitude: null, longitude: null },
    });
    expect(await change({})).toMatchObject({ name: 'Hafen' });
    const rows = await platform.query<{ details: object }>(
      `SELECT body::jsonb -> 'details' AS details FROM audit_event
        WHERE body::jsonb ->> 'action' = 'site.changed' AND body::jsonb ->> 'subject' = $1 ORDER BY seq`,
      [id],
    );
    expect(rows.map(({ details }) => Object.keys(details).sort())).toEqual([
      ['correlationId', 'tags'],
      ['correlationId', 'location'],
      ['correlationId', 'location', 'notesChanged'],
    ]);
  });

  it.each([
    ['a tag without a key', { tags: { '': 'x' } }],
    ['a tag with a key of another alphabet', { tags: { Region: 'x' } }],
    ['a tag that is no text', { tags: { a: 1 } }],
    ['a tag with a comma', { tags: { a: 'x,y' } }],
    ['33 tags', { tags: Object.fromEntries(Array.from({ length: 33 }, (_, n) => [`k${n}`, ''])) }],
    ['tags as a list', { tags: ['a'] }],
    ['a latitude without a longitude', { location: { latitude: 1 } }],
    ['a longitude without a latitude', { location: { longitude: 1 } }],
    ['a latitude beyond the pole', { location: { latitude: 91, longitude: 0 } }],
    ['a latitude that is a text', { location: { latitude: '1', longitude: 0 } }],
    ['an unknown member of the location', { location: { height: 1 } }],
    ['an empty address', { location: { address: ' ' } }],
    ['a location that is a text', { location: 'x' }],
    ['empty notes', { notes: '' }],
    ['notes with a control character', { notes: 'a\u0007' }],
    ['notes of over 4,000 characters', { notes: 'x'.repeat(4_001) }],
  ])('are refused with %s', async (_title, body) => {
    const { status, body: problem } = await admin.ask('POST', SITES, { name: 'Refused', ...body });
    expect([status, problem['code'], problem['errors']]).toEqual([400, 'invalid-request', expect.any(Array)]);
  });

  it('never become more than 32 tags, whatever is added at once', async () => {
    const tags = Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`k${n}`, '']));
    const { id } = await create({ name: 'Tags', tags });
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, n) => admin.ask('PATCH', `${SITES}/${id}`, { tags: { [`more${n}`]: '' } })),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(2);
    expect(answers.filter(({ status }) => status === 400)).toHaveLength(4);
  });

  it('are changed by one of many who have read the same', async () => {
    const { id } = await create({ name: 'Race' });
    const tag = (await admin.ask('GET', `${SITES}/${id}`)).headers.get('etag') ?? '';
    const change = (n: number): Promise<Answer> =>
      admin.ask('PATCH', `${SITES}/${id}`, { notes: String(n) }, { 'if-match': tag });
    const statuses = (await Promise.all(Array.from({ length: 20 }, (_, n) => change(n)))).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    expect(statuses.filter((status) => status === 412)).toHaveLength(19);
  });
});

describe('the list of sites', () => {
  beforeAll(async () => {
    for (const [name, tags] of [
      ['List b 50%', { list: '1', region: 'north' }],
      ['list A', { list: '1', region: 'south' }],
      ['List c_1', { list: '1' }],
      ['List d', { list: '1', region: '' }],
    ] as const) {
      await create({ name, tags });
    }
  });

  it.each([
    ['sort=name', ['list A', 'List b 50%', 'List c_1', 'List d']],
    ['sort=-name', ['List d', 'List c_1', 'List b 50%', 'list A']],
    ['sort=createdAt', ['List b 50%', 'list A', 'List c_1', 'List d']],
    ['sort=-createdAt,name', ['List d', 'List c_1', 'list A', 'List b 50%']],
    ['sort=tunnelSince,-name', ['List d', 'List c_1', 'List b 50%', 'list A']],
    ['q=LIST-C&sort=name', ['List c_1']],
    ['q=%25&sort=name', ['List b 50%']],
    ['q=_&sort=name', ['List c_1']],
    ['tunnelState=up', []],
    ['tunnelState=never&sort=name', ['list A', 'List b 50%', 'List c_1', 'List d']],
  ])('by %s', async (query, expected) => {
    expect(await names(`${query}&tagSelector=list%3D1`)).toEqual(expected);
  });

  it.each([
    ['region=north', ['List b 50%']],
    ['region=', ['List d']],
    ['region!=north', ['list A', 'List c_1', 'List d']],
    ['region', ['list A', 'List b 50%', 'List d']],
    ['!region', ['List c_1']],
    ['region,region!=south', ['List b 50%', 'List d']],
    ["region=' OR true --", []],
  ])('by the tags %s', async (selector, expected) => {
    expect(await names(`sort=name&tagSelector=${encodeURIComponent(`list=1,${selector}`)}`)).toEqual(expected);
  });

  it.each([
    'sort=',
    'sort=colour',
    'sort=name,name',
    'sort=name,-name',
    'sort=--name',
    'q=',
    'tunnelState=sideways',
    'tagSelector=',
    'tagSelector=A',
    'sort=name&sort=name',
  ])('is refused by %s', async (query) => {
    const { status, body } = await admin.ask('GET', `${SITES}?${query}`);
    expect([status, body['code']]).toEqual([400, 'invalid-request']);
  });

  it.each(['sort=name', 'sort=-name', 'sort=-createdAt', 'sort=tunnelSince,name', 'sort=-name,createdAt'])(
    'comes whole in pages by %s, though sites come and go in between',
    async (sort) => {
      const query = `${sort}&tagSelector=list%3D1`;
      const seen: string[] = [];
      for (let cursor: string | null = ''; cursor !== null;) {
        const { body }: Answer<Page> = await admin.ask<Page>(
          'GET',
          `${SITES}?limit=1&${query}${cursor && `&cursor=${cursor}`}`,
        );
        seen.push(...body.items.map(({ name }) => name));
        cursor = body.nextCursor;
        await create({ name: 'Between' });
      }
      expect(seen).toEqual(await names(query));
    },
  );

  it('takes a cursor for the sort and the filter it was made for alone', async () => {
    const { body } = await admin.ask<Page>('GET', `${SITES}?limit=1&sort=name&q=list`);
    const cursor = `cursor=${body.nextCursor ?? ''}`;
    expect((await admin.ask('GET', `${SITES}?limit=2&sort=name&q=list&${cursor}`)).status).toBe(200);
    for (const query of ['sort=-name&q=list', 'sort=name', 'sort=name&q=lis', 'sort=name&q=list&tunnelState=up']) {
      const refused = await admin.ask('GET', `${SITES}?${query}&${cursor}`);
      expect([query, refused.status, refused.body['code']]).toEqual([query, 400, 'invalid-cursor']);
    }
  });
});

describe('a site that is deleted', () => {
  const remove = (id: string, headers: Record<string, string> = {}): Promise<Answer> =>
    admin.ask('DELETE', `${SITES}/${id}`, undefined, headers);

  const roleOf = async (siteId: string): Promise<string | undefined> =>
    (await admin.ask<{ items: { id: string }[] }>('GET', `/api/v1/federation-roles?siteId=${siteId}`)).body.items[0]
      ?.id;

  /** History: an agent that was revoked, and its session that was closed. */
  const connectOnce = async (siteId: string): Promise<void> => {
    const [agentId, brokerId] = [randomUUID(), randomUUID()];
    await platform.query(
      "INSERT INTO agent (id, tenant_id, site_id, state, revoked_at) SELECT $1, tenant_id, id, 'revoked', now() FROM site WHERE id = $2",
      [agentId, siteId],
    );
    await platform.query("INSERT INTO broker (id, ingress) VALUES ($1, '127.0.0.1:5580')", [brokerId]);
    await platform.query(
      `INSERT INTO tunnel_session (id, tenant_id, site_id, agent_id, broker_id, instance_id, certificate_serial, remote_address,
         agent_version, platform, closed_at, close_reason)
       SELECT $1, tenant_id, id, $2, $3, 'i', '01', '192.0.2.7:1', '0.1.0', 'linux', now(), 'normal' FROM site WHERE id = $4`,
      [randomUUID(), agentId, brokerId, siteId],
    );
  };

  it('is gone with its role and its view tickets; its rows and its audit stay, and its label is free', async () => {
    const { id, label } = await create({ name: 'Gone' });
    await waitUntil('it has its role', async () => (await roleOf(id)) !== undefined);
    await platform.query(
      `INSERT INTO view_ticket (id, tenant_id, site_label, camera, usage, issued_to, first_use_by, expires_at)
       SELECT $1, tenant_id, label, 'gate', 'live', 'operator:admin', now() + interval '5 minutes', now() + interval '1 hour' FROM site WHERE id = $2`,
      [randomUUID(), id],
    );
    await connectOnce(id);
    const told = (): Promise<unknown[]> => platform.query('SELECT FROM site_presence_feed WHERE site_id = $1', [id]);
    expect(await told()).toHaveLength(1);
    expect((await remove(id)).status).toBe(204);
    expect(await told()).toEqual([]);
    expect((await remove(id)).status).toBe(404);
    expect((await admin.ask('GET', `${SITES}/${id}`)).status).toBe(404);
    expect((await admin.ask('PATCH', `${SITES}/${id}`, { name: 'x' })).status).toBe(404);
    expect((await admin.ask('POST', `${SITES}/${id}/keyfiles`, {})).status).toBe(404);
    expect(await roleOf(id)).toBeUndefined();
    expect(await names(`q=${label}`)).toEqual([]);
    const again = await create({ name: 'Gone', label });
    expect([again.label, again.id === id]).toEqual([label, false]);
    const [kept] = await platform.query<{ audited: number; revoked: number }>(
      `SELECT (SELECT count(*)::int FROM audit_event WHERE body::jsonb ->> 'action' = 'site.deleted' AND body::jsonb ->> 'subject' = $1) AS audited,
              (SELECT count(*)::int FROM view_ticket WHERE site_label = $2 AND revoked_at IS NOT NULL) AS revoked`,
      [id, label],
    );
    expect(kept).toEqual({ audited: 1, revoked: 1 });
    await waitUntil('the new site has a role', async () => (await roleOf(again.id)) !== undefined);
  });

  it('has no open keyfile and no agent', async () => {
    const { id } = await create({ name: 'In use' });
    const { body } = await admin.ask<{ keyfile: { keyfileId: string } }>('POST', `${SITES}/${id}/keyfiles`, {});
    const refused = await remove(id);
    expect([refused.status, refused.body['code']]).toEqual([409, 'site-in-use']);
    await platform.query("UPDATE agent SET state = 'active', activated_at = now() WHERE site_id = $1", [id]);
    expect((await remove(id)).body['code']).toBe('site-in-use');
    await platform.query("UPDATE agent SET state = 'pending', activated_at = NULL WHERE site_id = $1", [id]);
    await admin.ask('POST', `/api/v1/keyfiles/${body.keyfile.keyfileId}/revoke`, {});
    expect((await remove(id)).status).toBe(204);
  });

  it('is what its caller has read', async () => {
    const { id } = await create({ name: 'Changed' });
    const tag = (await admin.ask('GET', `${SITES}/${id}`)).headers.get('etag') ?? '';
    await admin.ask('PATCH', `${SITES}/${id}`, { notes: 'changed' });
    expect((await remove(id, { 'if-match': tag })).status).toBe(412);
    expect((await remove(id, { 'if-match': '*' })).status).toBe(204);
  });

  it('never has an agent, however closely a keyfile is issued', async () => {
    for (let round = 0; round < 15; round += 1) {
      const { id } = await create({ name: `Close ${round}` });
      const [issued, removed] = await Promise.all([admin.ask('POST', `${SITES}/${id}/keyfiles`, {}), remove(id)]);
      expect([issued.status, removed.status]).not.toEqual([201, 204]);
    }
    const rows = await platform.query(
      `SELECT FROM agent a JOIN site s ON s.id = a.site_id WHERE s.deleted_at IS NOT NULL AND a.state <> 'revoked'`,
    );
    expect(rows).toEqual([]);
  }, 30_000);
});
