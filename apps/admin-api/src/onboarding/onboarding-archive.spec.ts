import { DomainError } from '@app/contracts';
import type { Database, OnboardingRepository, OnboardingRowRepository, Transaction } from '@app/persistence';
import type { MessageClient } from '@app/runtime';
import { buffer } from 'node:stream/consumers';
import type { Caller } from '../http/request.js';
import { OnboardingArchive } from './onboarding-archive.js';

const CALLER = {
  tenantId: 't',
  actor: 'operator:admin',
  correlationId: 'c',
  permissions: new Set(),
} as unknown as Caller;

/** The database and the issuer are fakes: what counts is what becomes of the ZIP file. */
const archiveOf = (keyfiles: readonly (() => Promise<string | undefined>)[]): OnboardingArchive => {
  const tx = { audit: () => Promise.resolve() } as unknown as Transaction;
  const database = { inTenant: (_tenant: string, work: (one: Transaction) => unknown) => work(tx) };
  const onboardings = {
    find: () => Promise.resolve({ state: 'completed', erasedAt: null }),
    markDownloaded: () => Promise.resolve(),
  };
  const rows = {
    list: () =>
      Promise.resolve(
        keyfiles.map((_, number) => ({ number, label: `site-${number}`, state: 'done', keyfileId: `k${number}` })),
      ),
    keyfile: (_tx: unknown, _tenant: string, _id: string, number: number) => keyfiles[number](),
  };
  const messages = { request: () => Promise.resolve({}) };
  return new OnboardingArchive(
    database as unknown as Database,
    onboardings as unknown as OnboardingRepository,
    rows as unknown as OnboardingRowRepository,
    messages as unknown as MessageClient,
  );
};

describe('the ZIP file of a batch', () => {
  const there = (): Promise<string> => Promise.resolve('keyfile');

  it('has every keyfile', async () => {
    const file = await buffer(await archiveOf([there, there]).open(CALLER, 'id'));
    expect(file.toString('latin1')).toContain('site-1.keyfile');
  });

  it.each([
    ['are erased while it is fetched', () => Promise.resolve(undefined), 'onboarding-erased'],
    ['cannot be read', () => Promise.reject(new DomainError('unavailable', 'the database is away')), 'unavailable'],
  ])('breaks off when its keyfiles %s, and the process goes on', async (_, fails, code) => {
    const output = await archiveOf([there, fails, there]).open(CALLER, 'id');
    await expect(buffer(output)).rejects.toMatchObject({ code });
    // An error that nobody hears would end the process in one of the next turns.
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
  });
});
