import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { decodeKeyfile, keyfileFingerprint, openSealedKeyfile, readSealedKeyfile } from '@app/pki';
import { fromBufferPromise } from 'yauzl';
import { waitUntil } from '../harness/condition.js';
import { Platform } from '../harness/platform.js';
import { SecondWorker } from '../harness/onboarding-worker.js';
import { HttpClient } from './http-client.js';
import { newOperator } from './operators.js';
import { insertTenant } from './persistence.rows.js';

interface Onboarding {
  id: string;
  state: string;
  total: number;
  done: number;
  failed: number;
  waiting: number;
  downloadedBy: string | null;
  passphrase?: string | null;
}
interface Row {
  number: number;
  label: string | null;
  state: string;
  siteId: string | null;
  keyfileId: string | null;
  fingerprint: string | null;
  errorCode: string | null;
}
interface Page<Item> {
  items: Item[];
  nextCursor: string | null;
}

const PASSPHRASE = 'Müller hat 3 Kühe';
const CSV = { 'content-type': 'text/csv' };

let platform: Platform;
let admin: HttpClient;

beforeAll(async () => {
  platform = await Platform.start({ apps: ['keyfile-issuer', 'admin-api'] });
  const password = readFileSync(join(platform.dataDir, 'first-password'), 'utf8').trim();
  admin = await new HttpClient(platform.api).signIn('admin', password);
}, 60_000);

afterAll(() => platform?.stop());

const PATH = '/api/v1/onboardings';

const named = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, index) => ({ name: `${prefix} ${index + 1}` }));

const start = async (body: object): Promise<Onboarding> => {
  const answer = await admin.ask<Onboarding>('POST', PATH, body);
  expect(answer.status).toBe(201);
  return answer.body;
};

const find = async (id: string): Promise<Onboarding> => (await admin.ask<Onboarding>('GET', `${PATH}/${id}`)).body;

const untilOver = async (id: string, limitMs = 30_000): Promise<Onboarding> => {
  await waitUntil('the batch is over', async () => (await find(id)).state !== 'running', limitMs);
  return find(id);
};

const rowsOf = async (id: string): Promise<Row[]> => {
  const rows: Row[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const { body }: { body: Page<Row> } = await admin.ask<Page<Row>>(
      'GET',
      `${PATH}/${id}/rows?limit=40${cursor === '' ? '' : `&cursor=${cursor}`}`,
    );
    rows.push(...body.items);
    cursor = body.nextCursor;
  }
  return rows;
};

const download = async (id: string): Promise<Response> => admin.fetch(`${PATH}/${id}/keyfiles.zip`);

const filesOf = async (response: Response): Promise<Map<string, string>> => {
  const zip = await fromBufferPromise(Buffer.from(await response.arrayBuffer()));
  const files = new Map<string, string>();
  for await (const entry of zip.eachEntry())
    files.set(entry.fileName, await text(await zip.openReadStreamPromise(entry)));
  return files;
};

const open = async (content: string | undefined, passphrase: string) => {
  const sealed = readSealedKeyfile(Buffer.from(content ?? ''));
  if (sealed === undefined) throw new Error('not sealed');
  return decodeKeyfile(await openSealedKeyfile(sealed, passphrase), { now: new Date() });
};

/** Sites of these names and their keyfiles that work. */
const made = async (prefix: string): Promise<{ sites: number; names: number; keyfiles: number }> => {
  const [row] = await platform.query<{ sites: number; names: number; keyfiles: number }>(
    `SELECT count(*)::int AS sites, count(DISTINCT name)::int AS names, (
       SELECT count(*)::int FROM enrol_token t JOIN site s ON s.id = t.site_id WHERE s.name LIKE $1 AND t.state = 'issued'
     ) AS keyfiles FROM site WHERE name LIKE $1`,
    [`${prefix}%`],
  );
  return row ?? { sites: 0, names: 0, keyfiles: 0 };
};

describe('onboarding many sites', () => {
  it('checks a file without creating anything, and refuses it with every error at once', async () => {
    const csv = 'name;label\nGood;good-one\n;nameless\nBad;Ümlaut\nTwice;good-one\n';
    const dry = await admin.ask<{ valid: boolean; errors: unknown[] }>('POST', `${PATH}?dryRun=true`, csv, CSV);
    expect([dry.status, dry.body.valid, dry.body.errors.length]).toEqual([200, false, 3]);
    const { status, body } = await admin.ask('POST', PATH, csv, CSV);
    expect([status, body['code']]).toEqual([400, 'onboarding-invalid']);
    expect(body['errors']).toEqual([
      { pointer: '/rows/1/name', detail: 'line 3: it is missing' },
      { pointer: '/rows/2/label', detail: expect.stringMatching(/^line 4: an ASCII label/) as string },
      { pointer: '/rows/3/label', detail: 'line 5: row 1 has it too' },
    ]);
    expect((await made('Good')).sites).toBe(0);
    const good = await admin.ask<object>('POST', `${PATH}?dryRun=true`, 'name\nGood\n', CSV);
    expect(good.body).toEqual({ valid: true, total: 1, errors: [] });
  });

  it('makes a site and a sealed keyfile of each row, handed out as a ZIP file with a manifest', async () => {
    const csv = '\ufeffname;label;validForSeconds\r\n"Köln; Süd";;3600\r\n=1+1;formula;\r\nKöln Süd;;\r\n';
    const { id, passphrase } = (await admin.ask<Onboarding>('POST', PATH, csv, CSV)).body;
    expect(passphrase).toMatch(/^(?:[0-9A-Z]{4}-){4}[0-9A-Z]{4}$/);
    expect(await untilOver(id)).toMatchObject({ state: 'completed', total: 3, done: 3, failed: 0, waiting: 0 });
    const rows = await rowsOf(id);
    expect(rows.map(({ label }) => label)).toEqual(['koeln-sued', 'formula', 'koeln-sued-2']);
    const kept = await admin.ask('GET', `/api/v1/keyfiles/${rows[0]?.keyfileId}`);
    expect(kept.body).toMatchObject({ sealed: true, downloadedAt: null });
    const response = await download(id);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/zip']);
    const files = await filesOf(response);
    expect([...files.keys()].toSorted()).toEqual([
      'formula.keyfile',
      'koeln-sued-2.keyfile',
      'koeln-sued.keyfile',
      'manifest.csv',
    ]);
    for (const row of rows) {
      const { document } = await open(files.get(`${row.label}.keyfile`), passphrase ?? '');
      expect(document).toMatchObject({ siteId: row.siteId, keyfileId: row.keyfileId });
      expect(keyfileFingerprint(document.trust.rootSpkiSha256[0] ?? '', document.keyfileId)).toBe(row.fingerprint);
      expect(files.get('manifest.csv')).toContain(row.fingerprint);
    }
    expect(files.get('manifest.csv')).toContain(",'=1+1,");
    const handedOut = await admin.ask('GET', `/api/v1/keyfiles/${rows[0]?.keyfileId}`);
    expect(handedOut.body).toMatchObject({ downloadedBy: 'operator:admin' });
  }, 30_000);

  it('keeps no passphrase and no open keyfile: not while it works, not afterwards', async () => {
    const { id } = await start({ rows: named('Secret', 40), passphrase: PASSPHRASE });
    const dump = async (): Promise<string> => {
      const tables = ['onboarding', 'onboarding_row', 'enrol_token', 'audit_event', 'site'];
      const rows = await Promise.all(
        tables.map((table) => platform.query<{ line: string }>(`SELECT t::text AS line FROM ${table} t`)),
      );
      return [...rows.flat().map(({ line }) => line), ...platform.lines].join('\n');
    };
    const during = await dump();
    await untilOver(id);
    const files = await filesOf(await download(id));
    const { token } = await open(files.get('secret-1.keyfile'), PASSPHRASE);
    for (const everything of [during, await dump()]) {
      expect(everything).not.toContain('Kühe');
      expect(everything).not.toContain('BEGIN PRIVATE KEY');
      for (const form of ['hex', 'base64', 'base64url'] as const)
        expect(everything).not.toContain(token.toString(form));
    }
    const left = await platform.query('SELECT FROM onboarding WHERE sealed_passphrase IS NOT NULL');
    expect(left).toEqual([]);
  }, 60_000);

  it('goes on where a process was killed: one site and one working keyfile per row', async () => {
    const { id } = await start({ rows: named('Killed', 120), passphrase: PASSPHRASE });
    const doneBy = (count: number) =>
      waitUntil(`${count} rows are done`, async () => {
        const [row] = await platform.query<{ done: number }>(
          "SELECT count(*)::int AS done FROM onboarding_row WHERE onboarding_id = $1 AND state = 'done'",
          [id],
        );
        return (row?.done ?? 0) >= count;
      });
    await doneBy(10);
    await platform.kill('admin-api');
    await doneBy(40);
    await platform.kill('keyfile-issuer');
    await doneBy(70);
    await platform.kill('admin-api');
    expect(await untilOver(id, 60_000)).toMatchObject({ state: 'completed', done: 120, failed: 0 });
    expect(await made('Killed')).toEqual({ sites: 120, names: 120, keyfiles: 120 });
    const files = await filesOf(await download(id));
    expect(files.size).toBe(121);
    const rows = await rowsOf(id);
    const working = await platform.query<{ id: string }>(
      "SELECT id FROM enrol_token WHERE state = 'issued' AND id = ANY ($1::uuid[])",
      [rows.map(({ keyfileId }) => keyfileId)],
    );
    expect(working).toHaveLength(120);
    await open(files.get(`${rows[119]?.label}.keyfile`), PASSPHRASE);
  }, 120_000);

  it('is done once when two processes of the API work on it at the same time', async () => {
    await using second = await SecondWorker.start(platform);
    const { id } = await start({ rows: named('Shared', 80), passphrase: PASSPHRASE });
    second.worker.wake();
    expect(await untilOver(id)).toMatchObject({ state: 'completed', done: 80, failed: 0 });
    expect(second.issued).toBeGreaterThan(0);
    expect(await made('Shared')).toEqual({ sites: 80, names: 80, keyfiles: 80 });
    const [all] = await platform.query<{ keyfiles: number }>(
      "SELECT count(*)::int AS keyfiles FROM enrol_token t JOIN site s ON s.id = t.site_id WHERE s.name LIKE 'Shared%'",
    );
    expect(all).toEqual({ keyfiles: 80 });
  }, 60_000);

  it('fails the row whose label was taken meanwhile, and no other', async () => {
    await platform.query(
      "INSERT INTO site (tenant_id, name, label) SELECT id, 'First', 'contested' FROM tenant LIMIT 1",
    );
    const check = await admin.ask('POST', PATH, { rows: [{ name: 'A', label: 'contested' }] });
    expect(check.body['errors']).toMatchObject([{ pointer: '/rows/0/label' }]);
    const { id } = await start({
      rows: [...named('Beside', 3), { name: 'Late', label: 'late' }, ...named('After', 3)],
    });
    await platform.query(
      "UPDATE onboarding_row SET label = 'contested' WHERE onboarding_id = $1 AND label = 'late' AND state = 'waiting'",
      [id],
    );
    const over = await untilOver(id);
    expect(over.done + over.failed).toBe(7);
    const late = (await rowsOf(id))[3];
    if (late?.state === 'failed') expect(late).toMatchObject({ errorCode: 'site-label-taken', siteId: null });
    else expect(late).toMatchObject({ label: 'late', state: 'done' });
  }, 30_000);

  it('gives a batch up whose passphrase cannot be opened any more, and goes on with the others', async () => {
    const [lost] = await platform.query<{ id: string }>(
      `WITH batch AS (INSERT INTO onboarding (tenant_id, total, created_by, correlation_id, sealed_passphrase, salt)
         SELECT id, 1, 'operator:admin', 'test', 'under another key', '\\x00000000000000000000000000000000' FROM tenant LIMIT 1
         RETURNING id, tenant_id),
       entry AS (INSERT INTO onboarding_row (onboarding_id, tenant_id, number, name) SELECT id, tenant_id, 1, 'Lost' FROM batch)
       SELECT id FROM batch`,
    );
    const { id } = await start({ rows: named('Unhindered', 2) });
    expect(await untilOver(id)).toMatchObject({ done: 2 });
    expect(await untilOver(lost?.id ?? '')).toMatchObject({ state: 'completed', failed: 1 });
    expect((await rowsOf(lost?.id ?? ''))[0]).toMatchObject({ errorCode: 'conflict', siteId: null });
  }, 30_000);

  it('gives sites what the file says of them', async () => {
    const csv =
      'name,tags,address,latitude,longitude,notes\nFacts,"region=north,tier=gold",Pier 1,53.5,-9.9,Ring twice\n';
    const { id } = (await admin.ask<Onboarding>('POST', PATH, csv, CSV)).body;
    await untilOver(id);
    const { body } = await admin.ask('GET', `/api/v1/sites/${(await rowsOf(id))[0]?.siteId}`);
    expect(body).toMatchObject({
      tags: { region: 'north', tier: 'gold' },
      location: { address: 'Pier 1', latitude: 53.5, longitude: -9.9 },
      notes: 'Ring twice',
    });
  }, 30_000);

  it('repeated with its Idempotency-Key starts once, and shows the passphrase once', async () => {
    const key = { 'idempotency-key': randomUUID() };
    const first = await admin.ask<Onboarding>('POST', PATH, 'name\nOnce\n', { ...CSV, ...key });
    expect(first.body.passphrase).toEqual(expect.any(String));
    const again = await admin.ask<Onboarding>('POST', PATH, 'name\nOnce\n', { ...CSV, ...key });
    expect([again.status, again.body.id, again.body.passphrase]).toEqual([201, first.body.id, null]);
    const other = await admin.ask('POST', PATH, 'name\nOther\n', { ...CSV, ...key });
    expect([other.status, other.body['code']]).toEqual([422, 'idempotency-key-reused']);
    await untilOver(first.body.id);
    expect((await made('Once')).sites).toBe(1);
  }, 30_000);

  it('needs the permission to make sites, too', async () => {
    const expiresAt = new Date(Date.now() + 60_000).toISOString();
    const order = { name: 'issuer', scopes: ['keyfiles:issue'], expiresAt };
    const { body } = await admin.ask<{ token: string }>('POST', '/api/v1/api-tokens', order);
    const refused = await new HttpClient(platform.api, body.token).ask('POST', PATH, 'name\nA\n', CSV);
    expect([refused.status, refused.body['detail']]).toEqual([403, 'the permission sites:write is needed']);
  });

  it('can be cancelled: what was created stays and can be fetched', async () => {
    const { id } = await start({ rows: named('Cancelled', 400), passphrase: PASSPHRASE });
    expect((await download(id)).status).toBe(409);
    const { status, body } = await admin.ask<Onboarding>('POST', `${PATH}/${id}/cancel`);
    expect([status, body.state, body.waiting]).toEqual([200, 'cancelled', 0]);
    const { done } = await find(id);
    expect(done).toBeLessThan(400);
    expect((await filesOf(await download(id))).size).toBe(done + 1);
    expect((await admin.ask('POST', `${PATH}/${id}/cancel`)).body['code']).toBe('onboarding-finished');
    const before = (await made('Cancelled')).sites;
    const { id: next } = await start({ rows: named('Next', 2) });
    await untilOver(next);
    expect((await made('Cancelled')).sites).toBe(before);
  }, 60_000);

  describe('ends', () => {
    /** A batch that somebody else has started, as himself or by an API token. */
    const startedBy = async (prefix: string, byToken = false) => {
      const starter = await newOperator(platform, admin, ['operator']);
      const expiresAt = new Date(Date.now() + 60_000).toISOString();
      const order = { name: 'batches', scopes: ['keyfiles:issue', 'sites:write'], expiresAt };
      const { body: issued } = await starter.client.ask<{ id: string; token: string }>(
        'POST',
        '/api/v1/api-tokens',
        order,
      );
      const client = byToken ? new HttpClient(platform.api, issued.token) : starter.client;
      const rows = named(prefix, 400);
      const { status, body } = await client.ask<Onboarding>('POST', PATH, { rows, passphrase: PASSPHRASE });
      expect(status).toBe(201);
      return { ...starter, client, batch: body.id, apiToken: issued.id };
    };

    it.each([
      ['is disabled', 'PATCH', '', { disabled: true }],
      ['has his password reset', 'PUT', '/password', { password: 'set by the administrator' }],
    ])(
      'with the answer when who started it %s, for good',
      async (title, method, path, body) => {
        const prefix = `Thief ${title}`;
        const { id, batch } = await startedBy(prefix);
        expect((await admin.ask(method, `/api/v1/operators/${id}${path}`, body)).status).toBeLessThan(300);
        expect(await find(batch)).toMatchObject({ state: 'cancelled', finishedBy: 'operator:admin' });
        const before = await made(prefix);
        expect(before.keyfiles).toBeLessThan(400);
        await admin.ask('PATCH', `/api/v1/operators/${id}`, { disabled: false });
        await untilOver((await start({ rows: named('Meanwhile', 3) })).id);
        expect(await made(prefix)).toEqual(before);
      },
      20_000,
    );

    it.each([
      ['his roles', false, 'PATCH', '/api/v1/operators/'],
      ['his API token', true, 'DELETE', '/api/v1/api-tokens/'],
    ])(
      'before its next row when who started it loses %s',
      async (title, byToken, method, path) => {
        const { id, batch, apiToken } = await startedBy(`Demoted ${title}`, byToken);
        const body = byToken ? undefined : { roles: ['viewer'] };
        const answer = await admin.ask(method, `${path}${byToken ? apiToken : id}`, body);
        expect(answer.status).toBeLessThan(300);
        expect(await untilOver(batch, 5_000)).toMatchObject({ state: 'cancelled', finishedBy: 'system' });
      },
      20_000,
    );

    it('also when it is started while who starts it is disabled', async () => {
      const { id, client } = await startedBy('Race');
      const racing = [1, 2, 3, 4].map(() =>
        client.ask<Onboarding>('POST', PATH, { rows: named('Race', 50), passphrase: PASSPHRASE }),
      );
      await admin.ask('PATCH', `/api/v1/operators/${id}`, { disabled: true });
      for (const { status, body } of await Promise.all(racing)) {
        if (status === 201) expect(await find(body.id)).toMatchObject({ state: 'cancelled' });
      }
    }, 20_000);
  });

  it('erases its keyfiles when their time is over, and says so', async () => {
    const { id } = await start({ rows: named('Over', 2) });
    await untilOver(id);
    await platform.query("UPDATE onboarding SET download_until = now() - interval '1 s' WHERE id = $1", [id]);
    await waitUntil('they are erased', async () => (await download(id)).status === 410);
    const left = await platform.query(
      'SELECT FROM onboarding_row WHERE onboarding_id = $1 AND sealed_keyfile IS NOT NULL',
      [id],
    );
    expect(left).toEqual([]);
  }, 30_000);

  it('takes no more than a thousand sites or a mebibyte, no other type, and nobody unknown', async () => {
    expect((await admin.ask('POST', PATH, `name\n${'a\n'.repeat(1_001)}`, CSV)).body['code']).toBe(
      'onboarding-invalid',
    );
    expect((await admin.ask('POST', PATH, 'x'.repeat(1024 * 1024 + 1), CSV)).status).toBe(413);
    expect((await admin.ask('POST', PATH, 'name\nA', { 'content-type': 'text/plain' })).status).toBe(415);
    expect((await admin.ask('POST', PATH, 'name\nA', { ...CSV, 'content-encoding': 'gzip' })).status).toBe(415);
    expect((await admin.ask('POST', `${PATH}?dryRun=maybe`, 'name\nA', CSV)).status).toBe(400);
    expect((await admin.ask('POST', PATH, '{"rows":[],"rows":[]}')).status).toBe(400);
    expect((await new HttpClient(platform.api).ask('POST', PATH, 'name\nA', CSV)).status).toBe(401);
    // The connection is still good.
    expect((await admin.ask('GET', PATH)).status).toBe(200);
  }, 30_000);

  it('of another tenant is not found', async () => {
    const { tenantId } = await insertTenant(platform.query.bind(platform));
    const [foreign] = await platform.query<{ id: string }>('SELECT id FROM onboarding WHERE tenant_id = $1', [
      tenantId,
    ]);
    for (const id of [foreign?.id ?? '', randomUUID()]) {
      for (const path of ['', '/rows', '/keyfiles.zip'])
        expect((await admin.ask('GET', `${PATH}/${id}${path}`)).body['code']).toBe('onboarding-not-found');
      expect((await admin.ask('POST', `${PATH}/${id}/cancel`)).body['code']).toBe('onboarding-not-found');
    }
    const { body } = await admin.ask<Page<Onboarding>>('GET', `${PATH}?limit=200`);
    expect(body.items.map(({ id }) => id)).not.toContain(foreign?.id);
  });
});
