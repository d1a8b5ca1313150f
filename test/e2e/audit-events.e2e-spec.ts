import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ChainVerdict, exportLine, type ExportLine, parseChainHead, verifyChain } from '@app/contracts';
import { DEFAULT_TENANT_ID } from '@app/persistence';
import { Client } from 'pg';
import { Platform } from '../harness/platform.js';
import { HttpClient } from './http-client.js';

interface Event {
  seq: number;
  at: string;
  actor: string;
  action: string;
  subject: string;
  hash: string;
}

const EVENTS = '/api/v1/audit-events';
const VERIFY = `${EVENTS}/verification`;

let platform: Platform;
let admin: HttpClient;

beforeAll(async () => {
  platform = await Platform.start({ apps: ['admin-api'] });
  const password = readFileSync(join(platform.dataDir, 'first-password'), 'utf8').trim();
  admin = await new HttpClient(platform.api).signIn('admin', password);
  await platform.query(
    `SELECT count(audit_append($1, 'operator:' || CASE n % 2 WHEN 0 THEN 'anna' ELSE 'berta' END, CASE n % 3 WHEN 0
       THEN 'keyfile.issued' WHEN 1 THEN 'keyfile.revoked' ELSE 'keyfiles.other' END, 'thing-' || n % 50, '{}'))
       FROM generate_series(1, 1200) n`,
    [DEFAULT_TENANT_ID],
  );
}, 60_000);

afterAll(() => platform?.stop());

const list = async (query: string): Promise<Event[]> =>
  (await admin.ask<{ items: Event[] }>('GET', `${EVENTS}?${query}`)).body.items;

const exported = async (query = ''): Promise<{ lines: ExportLine[]; head: string }> => {
  const { headers, body } = await admin.ask<{ text: string }>('GET', `${EVENTS}/export${query}`);
  const lines = body.text.split('\n').filter(Boolean);
  return { lines: lines.map((line) => exportLine.parse(JSON.parse(line))), head: headers.get('adit-audit-head') ?? '' };
};

describe('the audit', () => {
  it('is listed newest first, page by page, without a gap', async () => {
    const seen: number[] = [];
    let cursor = '';
    do {
      const { body } = await admin.ask<{ items: Event[]; nextCursor: string | null }>(
        'GET',
        `${EVENTS}?limit=200${cursor}`,
      );
      seen.push(...body.items.map(({ seq }) => seq));
      cursor = body.nextCursor === null ? '' : `&cursor=${body.nextCursor}`;
    } while (cursor !== '');
    expect(seen).toEqual(Array.from({ length: seen.length }, (_, index) => seen.length - index));
    expect(seen.length).toBeGreaterThan(1_200);
  });

  it('is asked by actor, action, family of actions, subject and all of them', async () => {
    const anna = await list('actor=operator:anna&limit=200');
    expect(anna).toHaveLength(200);
    expect(new Set(anna.map(({ actor }) => actor))).toEqual(new Set(['operator:anna']));
    expect((await list('action=keyfile.issued&limit=1')).map(({ action }) => action)).toEqual(['keyfile.issued']);
    const family = await list('action=keyfile.*&limit=200');
    expect(new Set(family.map(({ action }) => action))).toEqual(new Set(['keyfile.issued', 'keyfile.revoked']));
    expect(await list('subject=thing-7&limit=200')).toHaveLength(24);
    const all = await list('actor=operator:berta&action=keyfile.revoked&subject=thing-7&limit=200');
    expect(all.length).toBeGreaterThan(0);
    for (const event of all) {
      expect(event).toMatchObject({ actor: 'operator:berta', action: 'keyfile.revoked', subject: 'thing-7' });
    }
  });

  it('is asked by time', async () => {
    const [newest] = await list('limit=1');
    const at = newest?.at ?? '';
    expect(await list(`from=${encodeURIComponent(new Date(Date.parse(at) + 60_000).toISOString())}`)).toEqual([]);
    const before = encodeURIComponent(new Date(Date.parse(at) - 3_600_000).toISOString());
    expect(await list(`to=${before}`)).toEqual([]);
    expect(await list(`from=${before}&limit=1`)).toEqual([newest]);
    const offset = encodeURIComponent('2020-01-01T00:00:00+02:00');
    expect(await list(`from=${offset}&limit=1`)).toEqual([newest]);
  });

  it.each([
    ['a time that is none', 'from=yesterday', '/from'],
    ['a time without its offset', 'from=2026-01-01T00:00:00', '/from'],
    ['an action that is none', "action=x'--", '/action'],
    ['a cursor of its own making', 'cursor=MDE', '/cursor'],
    ['a cursor of another list', 'cursor=WyIyMDI2Il0', '/cursor'],
  ])('refuses %s', async (_name, query, pointer) => {
    const { status, body } = await admin.ask<{ code: string; errors: { pointer: string }[] }>(
      'GET',
      `${EVENTS}?${query}`,
    );
    expect([status, body.code, body.errors[0]?.pointer]).toEqual([400, 'invalid-request', pointer]);
  });

  it('is exported so that it can be verified without the platform', async () => {
    const { lines, head } = await exported();
    const end = parseChainHead(head);
    expect(await verifyChain(lines, { chain: DEFAULT_TENANT_ID, head: end })).toMatchObject({ valid: true, head: end });
    expect(lines.at(-1)?.body).toContain('"audit.exported"');
  });

  it('is exported in part, and the part verifies from the row before it', async () => {
    const { lines: all } = await exported();
    const from = (JSON.parse(all[600]?.body ?? '{}') as Event).at.slice(0, 23);
    const { lines } = await exported(`?from=${encodeURIComponent(`${from}Z`)}`);
    const first = lines[0]?.seq ?? 0;
    expect(first).toBeGreaterThan(1);
    const [before] = all.filter(({ seq }) => seq === first - 1);
    expect(await verifyChain(lines, { chain: DEFAULT_TENANT_ID, after: before })).toMatchObject({ valid: true });
    expect((await exported('?to=2020-01-01T00:00:00Z')).lines).toEqual([]);
  });

  it('is verified by the platform, and proves that an earlier head is still in it', async () => {
    const first = (await admin.ask<ChainVerdict>('GET', VERIFY)).body;
    expect(first).toMatchObject({ valid: true, bad: null });
    await admin.ask('POST', '/api/v1/sites', { name: 'One more' });
    const since = `${first.head?.seq}:${first.head?.hash}`;
    const second = (await admin.ask<ChainVerdict>('GET', `${VERIFY}?since=${since}`)).body;
    expect(second).toMatchObject({ valid: true, bad: null });
    expect(second.head?.seq).toBe((first.head?.seq ?? 0) + 1);
    const other = `${first.head?.seq}:${'0'.repeat(64)}`;
    expect((await admin.ask('GET', `${VERIFY}?since=${other}`)).body).toMatchObject({
      valid: false,
      bad: { seq: first.head?.seq, fault: 'since-mismatch' },
    });
    expect((await admin.ask('GET', `${VERIFY}?since=7`)).status).toBe(400);
  });
});

describe('the rights on the audit', () => {
  it.each([
    ['change', "UPDATE audit_event SET body = '{}'"],
    ['delete', 'DELETE FROM audit_event'],
    ['empty', 'TRUNCATE audit_event'],
    ['write into', "INSERT INTO audit_event (chain, seq, prev, hash, body) VALUES ($1, 9999, '', '', '{}')"],
    ['disarm', 'ALTER TABLE audit_event DISABLE TRIGGER ALL'],
    ['drop', 'DROP TABLE audit_event'],
    ['move the head of', 'UPDATE audit_head SET seq = 1'],
    ['replace the function of', 'DROP FUNCTION audit_append(uuid, text, text, text, jsonb)'],
  ])('do not let an app %s it', async (_name, statement) => {
    const logins = JSON.parse(readFileSync(join(platform.dataDir, 'logins.json'), 'utf8')) as Record<string, string>;
    const client = new Client({ connectionString: logins['admin-api'] });
    await client.connect();
    try {
      await client.query(`SELECT set_config('adit.tenant', $1, false)`, [DEFAULT_TENANT_ID]);
      const values = statement.includes('$1') ? [DEFAULT_TENANT_ID] : [];
      await expect(client.query(statement, values)).rejects.toMatchObject({ code: '42501' });
    } finally {
      await client.end();
    }
  });
});

describe('an audit that somebody with the owner’s rights has changed', () => {
  const disarmed = async (sql: string): Promise<void> => {
    await platform.query(
      `ALTER TABLE audit_event DISABLE TRIGGER USER; ${sql}; ALTER TABLE audit_event ENABLE TRIGGER USER`,
    );
  };
  const chain = `chain = '${DEFAULT_TENANT_ID}'`;
  const verify = async (since = ''): Promise<ChainVerdict> =>
    (await admin.ask<ChainVerdict>('GET', VERIFY + since)).body;

  it('shows where: a cut tail, even when the head was put back, by a place kept outside', async () => {
    const { head } = await verify();
    const seq = head?.seq ?? 0;
    await disarmed(`DELETE FROM audit_event WHERE ${chain} AND seq = ${seq}`);
    expect(await verify()).toMatchObject({ valid: false, bad: { seq, fault: 'head-mismatch' } });
    await platform.query(
      `UPDATE audit_head h SET seq = e.seq, hash = e.hash FROM audit_event e WHERE e.${chain} AND e.seq = ${seq - 1} AND h.${chain}`,
    );
    expect(await verify()).toMatchObject({ valid: true });
    expect(await verify(`?since=${seq}:${head?.hash}`)).toMatchObject({
      valid: false,
      bad: { seq, fault: 'since-mismatch' },
    });
  });

  it.each([
    ['far behind the head', 999_999],
    ['before the first', 0],
  ])('shows a row that was put %s', async (_name, seq) => {
    await platform.query(
      `INSERT INTO audit_event (chain, seq, prev, hash, body) VALUES ($1, $2, sha256('x'), sha256('y'), '{"seq":${seq}}')`,
      [DEFAULT_TENANT_ID, seq],
    );
    const bad = seq === 0 ? { seq: 1, fault: 'gap' } : { seq, fault: 'head-mismatch' };
    expect(await verify()).toMatchObject({ valid: false, bad });
    await disarmed(`DELETE FROM audit_event WHERE ${chain} AND seq = ${seq}`);
    expect(await verify()).toMatchObject({ valid: true });
  });

  it('shows a head that is not the last row', async () => {
    const { head } = await verify();
    const seq = head?.seq ?? 0;
    const set = (sql: string) => platform.query(`UPDATE audit_head SET ${sql} WHERE ${chain}`);
    await set('seq = seq - 1');
    expect(await verify()).toMatchObject({ valid: false, bad: { fault: 'head-mismatch' } });
    await set('seq = 0');
    expect(await verify()).toMatchObject({ valid: false, bad: { seq: 1, fault: 'head-mismatch' } });
    await set(`seq = ${seq}`);
    expect(await verify()).toMatchObject({ valid: true });
  });

  it('shows where: a changed row and a missing one', async () => {
    await disarmed(`UPDATE audit_event SET body = replace(body, 'anna', 'otto') WHERE ${chain} AND seq = 700`);
    expect(await verify()).toMatchObject({ valid: false, bad: { seq: 700, fault: 'hash-mismatch' } });
    await disarmed(`DELETE FROM audit_event WHERE ${chain} AND seq = 600`);
    expect(await verify()).toMatchObject({ valid: false, rows: 600, bad: { seq: 600, fault: 'gap' } });
  });
});
