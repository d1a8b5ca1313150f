import { DomainError } from '@app/contracts';
import { readCertificates } from '@app/pki';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newSiteKeys, redeemRequest } from '../harness/enrolling-site.js';
import { startIssuer, type TestIssuer } from '../harness/issuer.js';
import { RemoteKeys } from '../harness/remote-keys.js';

jest.setTimeout(20_000);

let directory: string;
let keys: RemoteKeys;
let issuer: TestIssuer;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'adit-hsm-'));
  keys = new RemoteKeys(directory);
  await keys.start(20);
  issuer = await startIssuer(() => Promise.resolve(keys));
}, 60_000);

afterAll(async () => {
  await issuer?.close();
  await keys.stop();
  await rm(directory, { recursive: true, force: true });
});

const failureOf = (work: Promise<unknown>): Promise<{ code: string; status?: number; retryAfterMs?: number }> =>
  work.then(
    () => ({ code: 'ok' }),
    (error: unknown) =>
      error instanceof DomainError
        ? { code: error.code, status: error.status, retryAfterMs: error.options.retryAfterMs ?? 0 }
        : { code: String(error) },
  );

const tokenState = async (keyfileId: string): Promise<string | undefined> =>
  (await issuer.database.query<{ state: string }>('SELECT state FROM enrol_token WHERE id = $1', [keyfileId]))[0]
    ?.state;

const AWAY = { code: 'unavailable', status: 503, retryAfterMs: 5_000 };

describe('CA keys in another process', () => {
  it('leave no key in the issuer’s folder', async () => {
    expect((await readdir(issuer.directory)).filter((name) => name.endsWith('.key'))).toEqual([]);
  });

  it.each<[string, () => Promise<void> | void, () => Promise<void> | void]>([
    ['is away', () => keys.stop(), () => keys.start(20)],
    ['hangs', () => keys.hang(), () => keys.goOn()],
  ])('of which one %s make an enrolment wait: its token stays with its key, and goes on', async (_case, away, back) => {
    const { text, keyfileId } = await issuer.newKeyfile();
    const site = newSiteKeys();
    await away();
    expect(await failureOf(issuer.enrolment.redeem(await redeemRequest(issuer, text, site)))).toEqual(AWAY);
    expect(await tokenState(keyfileId)).toBe('claimed');
    expect((await failureOf(issuer.enrolment.redeem(await redeemRequest(issuer, text)))).code).toBe('enrolment-used');
    await back();
    const answers = [];
    for (let turn = 0; turn < 2; turn++) {
      answers.push((await issuer.enrolment.redeem(await redeemRequest(issuer, text, site))).certificateChain);
    }
    expect(new Set(answers).size).toBe(1);
    expect(readCertificates(answers[0] ?? '')).toHaveLength(2);
    expect(await tokenState(keyfileId)).toBe('redeemed');
  });

  it('that are away let no keyfile be issued, and write nothing', async () => {
    const siteId = await issuer.newSite();
    await keys.stop();
    expect(await failureOf(issuer.newKeyfile(siteId))).toEqual(AWAY);
    await keys.start();
    expect(await issuer.database.query('SELECT id FROM enrol_token WHERE site_id = $1', [siteId])).toEqual([]);
  });

  it('are rotated like files, and a step that the keys were away for can be taken later', async () => {
    const rotate = (action: 'prepare' | 'publish' | 'activate' | 'rollback') =>
      issuer.rotation.rotate({ action, actor: 'operator:anna', correlationId: randomUUID() });
    await keys.stop();
    expect((await failureOf(rotate('prepare'))).code).toBe('unavailable');
    await keys.start();
    await rotate('prepare');
    await keys.stop();
    expect((await failureOf(rotate('publish'))).code).toBe('unavailable');
    expect(issuer.state.current.row.step).toBe('prepared');
    await keys.start();
    await rotate('publish');
    await rotate('activate');
    expect(issuer.authority.trust.roots).toHaveLength(2);
  });
});
