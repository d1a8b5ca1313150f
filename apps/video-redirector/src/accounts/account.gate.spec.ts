import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestSecretOf, DomainError, sealDigestSecret, type DigestSecret } from '@app/contracts';
import type { DigestCredentials } from '@app/media';
import type { Database, StreamAccountStatus, StreamAccountStatusRepository } from '@app/persistence';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import type { RedirectorConfig } from '../config.js';
import { AccountGate } from './account.gate.js';
import type { AccountRefusals } from './account-refusals.js';

const PATH = { site: 'hamburg', camera: 'gate', usage: 'live' as const };
const RIGHT = digestSecretOf('recorder', 'right');

describe('AccountGate', () => {
  const dir = mkdtempSync(join(tmpdir(), 'accounts-'));
  let known: JWK;
  let account: StreamAccountStatus;
  let inScope: boolean;
  let isAway: boolean;
  let noted: string[];
  let gate: AccountGate;

  const repository = {
    find: (_tx: unknown, username: string) => Promise.resolve(username === account.username ? account : undefined),
    mayWatch: () => Promise.resolve(inScope),
    versions: () =>
      Promise.resolve(account.revoked ? new Map<string, number>() : new Map([[account.id, account.version]])),
    noteUse: () => Promise.resolve(),
  } as unknown as StreamAccountStatusRepository;
  const run = <T>(work: (tx: never) => Promise<T>): Promise<T> =>
    isAway ? Promise.reject(new DomainError('unavailable', 'away')) : work(undefined as never);
  const database = {
    inTenant: <T>(_tenant: string, work: (tx: never) => Promise<T>) => run(work),
    inSystem: run,
  } as unknown as Database;
  const refusals = {
    note: (_account: unknown, reason: string) => Promise.resolve(void noted.push(reason)),
  } as unknown as AccountRefusals;

  /** As a connection reads them. */
  const credentials = (password = 'right', username = 'recorder', isStale = false): DigestCredentials => ({
    username,
    isStale,
    verify: (secret: DigestSecret) => secret.sha256 === digestSecretOf(username, password).sha256,
  });
  const admit = (given: DigestCredentials | undefined = credentials(), path = PATH, address = '192.0.2.1') =>
    gate.admit(given, path, address);

  beforeAll(async () => {
    const pair = await generateKeyPair('ECDH-ES', { crv: 'P-256', extractable: true });
    known = await exportJWK(pair.publicKey);
    const ticket = { federation: known, 'video-redirector': known, 'admin-api': known };
    writeFileSync(
      join(dir, 'public-keys.json'),
      JSON.stringify({ ticket, seal: { ...ticket, 'keyfile-issuer': known } }),
    );
    writeFileSync(join(dir, 'seal.jwk'), JSON.stringify(await exportJWK(pair.privateKey)), { mode: 0o600 });
  });
  afterAll(() => rmSync(dir, { recursive: true }));

  beforeEach(async () => {
    [inScope, isAway, noted] = [true, false, []];
    account = {
      id: randomUUID(),
      tenantId: randomUUID(),
      username: 'recorder',
      secret: await sealDigestSecret('recorder', RIGHT, known),
      usages: ['live'],
      level: 7,
      allowedCidrs: [],
      version: 3,
      expiresAt: null,
      expired: false,
      revoked: false,
    };
    const config = { ADIT_PUBLIC_KEYS_FILE: join(dir, 'public-keys.json'), ADIT_SECRETS_DIR: dir } as RedirectorConfig;
    gate = new AccountGate(config, database, repository, refusals, { debug: () => undefined } as never);
  });

  it('lets in who has the password, as the account with its level', async () => {
    const { tenantId, id } = account;
    const right = { id: `${id}/3`, until: Infinity, endsThen: true };
    expect(await admit()).toEqual({ tenantId, user: 'stream-account:recorder', level: 7, right });
  });

  it.each([
    ['no answer', undefined],
    ['a stale one', credentials('right', 'recorder', true)],
    ['a wrong password', credentials('wrong')],
    ['a name that is nobody’s', credentials('right', 'nobody')],
  ])('tells %s to come again with user and password', async (_title, given) => {
    await expect(gate.admit(given, PATH, '192.0.2.1')).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('tells a wrong password and an unknown name in the same words', async () => {
    const told = await Promise.all([admit(credentials('wrong')), admit(credentials('right', 'nobody'))].map(messageOf));
    expect(told[0]).toBe(told[1]);
  });

  it('takes no password for one that a restore has taken away', async () => {
    account.secret = null;
    await expect(admit()).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('takes no secret of another account for this one’s', async () => {
    account.secret = await sealDigestSecret('another', RIGHT, known);
    await expect(admit()).rejects.toMatchObject({ code: 'internal' });
  });

  it.each<[string, Partial<StreamAccountStatus>, string]>([
    ['revoked', { revoked: true }, 'stream-account-revoked'],
    ['expired', { expired: true }, 'stream-account-expired'],
    ['address', { allowedCidrs: ['198.51.100.0/24', '2001:db8::/32'] }, 'forbidden'],
    ['usage', { usages: ['recording'] }, 'forbidden'],
  ])('refuses the right password by %s, and notes it', async (reason, change, code) => {
    Object.assign(account, change);
    await expect(admit()).rejects.toMatchObject({ code });
    expect(noted).toEqual([reason]);
  });

  it('refuses another camera, and lets in from a range that is allowed', async () => {
    account.allowedCidrs = ['192.0.2.0/24'];
    await admit();
    inScope = false;
    await expect(admit()).rejects.toMatchObject({ code: 'forbidden' });
    await expect(admit(credentials('wrong'))).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(noted).toEqual(['camera', 'wrong-password']);
  });

  it('makes who guesses wait, and lets an owner in elsewhere', async () => {
    for (let at = 0; at < 100; at++) await admit(credentials('wrong')).catch(() => undefined);
    await expect(admit()).rejects.toMatchObject({ code: 'rate-limited' });
    await admit(credentials(), PATH, '192.0.2.2');
  }, 20_000);

  it('while the database is away, lets those come back to their stream who were let in before', async () => {
    await admit();
    isAway = true;
    expect(await admit()).toMatchObject({ level: 7 });
    await expect(admit(credentials(), { ...PATH, camera: 'yard' })).rejects.toMatchObject({ code: 'unavailable' });
    // Nobody knows whether this is the password now.
    await expect(admit(credentials('another'))).rejects.toMatchObject({ code: 'unavailable' });
    await expect(admit(credentials('right', 'nobody'))).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('remembers no account beyond its end, or that was found to be another one', async () => {
    // The database's clock is a moment behind this one's.
    account.expiresAt = new Date(Date.now() - 1);
    await admit();
    isAway = true;
    await expect(admit()).rejects.toMatchObject({ code: 'stream-account-expired' });
    isAway = false;
    account.expiresAt = null;
    await admit();
    account.version = 4;
    expect(await gate.revoked([`${account.id}/3`, `${account.id}/4`])).toEqual([`${account.id}/3`]);
    isAway = true;
    await expect(admit()).rejects.toMatchObject({ code: 'unavailable' });
  });
});

const messageOf = (attempt: Promise<unknown>): Promise<string> =>
  attempt.then(
    () => 'let in',
    (error: Error) => error.message,
  );
