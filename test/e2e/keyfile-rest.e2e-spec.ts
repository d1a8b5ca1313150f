import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeKeyfile, openSealedKeyfile, readSealedKeyfile } from '@app/pki';
import { Platform } from '../harness/platform.js';
import { HttpClient } from './http-client.js';
import { insertTenant } from './persistence.rows.js';

interface Keyfile {
  keyfileId: string;
  agentId: string;
  state: string;
  sealed: boolean;
  history: { step: string; by: string | null; reason: string | null }[];
}
interface Issued {
  keyfile: Keyfile;
  content: string;
  fingerprint: string;
}
interface Page {
  items: Keyfile[];
}

const PASSPHRASE = 'Müller hat 3 Kühe';

let platform: Platform;
let admin: HttpClient;

beforeAll(async () => {
  platform = await Platform.start({ apps: ['keyfile-issuer', 'admin-api'] });
  const password = readFileSync(join(platform.dataDir, 'first-password'), 'utf8').trim();
  admin = await new HttpClient(platform.api).signIn('admin', password);
}, 60_000);

afterAll(() => platform?.stop());

const newSite = async (name: string): Promise<string> =>
  (await admin.ask<{ id: string }>('POST', '/api/v1/sites', { name })).body.id;

const issue = (siteId: string, body: object = {}) =>
  admin.ask<Issued>('POST', `/api/v1/sites/${siteId}/keyfiles`, body);

const post = async (path: string, body: object = {}): Promise<[number, unknown]> => {
  const answer = await admin.ask('POST', `/api/v1${path}`, body);
  return [answer.status, answer.body['code']];
};

const detailsOf = async (keyfileId: string): Promise<Keyfile> =>
  (await admin.ask<Keyfile>('GET', `/api/v1/keyfiles/${keyfileId}`)).body;

const stepsOf = async (keyfileId: string): Promise<string[]> =>
  (await detailsOf(keyfileId)).history.map(({ step }) => step);

describe('a keyfile over REST', () => {
  it('comes sealed when a passphrase is given, and nobody else gets to know either', async () => {
    const { status, body } = await issue(await newSite('Sealed'), { passphrase: PASSPHRASE });
    expect([status, body.keyfile.sealed]).toEqual([201, true]);
    const sealed = readSealedKeyfile(Buffer.from(body.content));
    if (sealed === undefined) throw new Error('not sealed');
    const inner = await openSealedKeyfile(sealed, PASSPHRASE);
    const { document, token } = decodeKeyfile(inner, { now: new Date() });
    expect(document.keyfileId).toBe(body.keyfile.keyfileId);
    const rows = await platform.query<{ line: string }>(
      'SELECT t::text AS line FROM enrol_token t UNION ALL SELECT body FROM audit_event',
    );
    const everything = [...platform.lines, ...rows.map(({ line }) => line)].join('\n');
    for (const secret of ['Kühe', 'K\\u00fche', token.toString('base64url'), token.toString('hex')])
      expect(everything).not.toContain(secret);
  }, 30_000);

  it('is refused with a passphrase that is short, and none is issued', async () => {
    const siteId = await newSite('Short');
    const { status, body } = await issue(siteId, { passphrase: 'too short' });
    expect([status, body]).toMatchObject([400, { errors: [{ pointer: '/passphrase' }] }]);
    expect(JSON.stringify(body)).not.toContain('too short');
    const { body: page } = await admin.ask<Page>('GET', `/api/v1/sites/${siteId}/keyfiles`);
    expect(page.items).toEqual([]);
  });

  it('tells what happened to it, and can be looked for by its state', async () => {
    const siteId = await newSite('Told');
    const first = (await issue(siteId)).body.keyfile.keyfileId;
    expect(await stepsOf(first)).toEqual(['issued', 'downloaded']);
    const { body } = await admin.ask<Issued>('POST', `/api/v1/keyfiles/${first}/regenerate`, {});
    const second = body.keyfile.keyfileId;
    const { history, state } = await detailsOf(first);
    expect(state).toBe('revoked');
    expect(history.at(-1)).toMatchObject({ step: 'revoked', by: 'operator:admin', reason: 'regenerated' });
    await platform.query(
      "UPDATE enrol_token SET issued_at = now() - interval '2 h', expires_at = now() - interval '1 h' WHERE id = $1",
      [second],
    );
    // The clock that decides is the database's: the keyfile itself says another end.
    expect(await stepsOf(second)).toEqual(['issued', 'downloaded', 'expired']);
    const ids = async (query: string) =>
      (await admin.ask<Page>('GET', `/api/v1/keyfiles?siteId=${siteId}&${query}`)).body.items.map((k) => k.keyfileId);
    expect(await ids('state=revoked')).toEqual([first]);
    expect(await ids('state=expired')).toEqual([second]);
    expect(await ids('limit=10')).toEqual(expect.arrayContaining([first, second]));
    expect((await admin.ask('GET', '/api/v1/keyfiles?state=lost')).status).toBe(400);
  });

  it('is regenerated once, however many ask at the same time', async () => {
    const { keyfileId } = (await issue(await newSite('Raced'))).body.keyfile;
    const answers = await Promise.all(Array.from({ length: 6 }, () => post(`/keyfiles/${keyfileId}/regenerate`)));
    expect(answers.filter(([status]) => status === 201)).toHaveLength(1);
    expect(answers.filter(([, code]) => code === 'keyfile-state')).toHaveLength(5);
  });

  it('of another tenant is not found by any of this', async () => {
    const { siteId, tokenId } = await insertTenant(platform.query.bind(platform));
    expect(await post(`/keyfiles/${tokenId}/regenerate`)).toEqual([404, 'keyfile-not-found']);
    expect(await post(`/sites/${siteId}/replace`)).toEqual([404, 'not-found']);
    expect(await post(`/sites/${randomUUID()}/replace`)).toEqual([404, 'not-found']);
    const { body } = await admin.ask<Page>('GET', `/api/v1/keyfiles?siteId=${siteId}`);
    expect(body.items).toEqual([]);
  });

  it('keeps the API up when more are to be sealed than it does at once', async () => {
    const siteIds = await Promise.all(Array.from({ length: 16 }, (_, n) => newSite(`Crowd ${n}`)));
    const asked = siteIds.map((id) => issue(id, { passphrase: PASSPHRASE }));
    const settled = Promise.allSettled(asked);
    const refused = await Promise.any(
      asked.map(async (answer) => {
        const { status, headers } = await answer;
        if (status === 503) return headers.get('retry-after');
        throw new Error('not refused');
      }),
    );
    expect(refused).toBe('2');
    expect((await admin.ask('GET', '/api/v1/sites?limit=1')).status).toBe(200);
    // A busy machine may take longer for the others than the client waits.
    const answered = (await settled).flatMap((one) => (one.status === 'fulfilled' ? [one.value.status] : []));
    expect(answered.filter((status) => status !== 201 && status !== 503)).toEqual([]);
    expect(answered).toContain(201);
  }, 60_000);
});
