import type { Database } from '@app/persistence';
import { notAfterOf, openCaTree, type CaTree } from '@app/pki';
import { createLogger } from '@app/runtime';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuthoritySnapshot } from './authority.snapshot.js';
import type { AuthorityState } from './authority.state.js';
import { AuthorityWatch } from './authority.watch.js';

const DAY_MS = 86_400_000;

describe('the end of a CA', () => {
  let directory: string;
  let tree: CaTree;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'adit-watch-'));
    tree = await openCaTree(directory, 'test', new Date());
  });
  afterAll(() => rm(directory, { recursive: true }));

  it.each([
    [91, []],
    [89, ['agent-ca', 'claim-ca', 'server-ca', 'keyfile-signing']],
    [-1, ['agent-ca', 'claim-ca', 'server-ca', 'keyfile-signing']],
  ])('is warned of %i days before by the database’s clock', async (days, roles) => {
    const now = new Date(notAfterOf(tree.agentCa.certificate).getTime() - days * DAY_MS);
    const current = { row: { step: 'idle' }, current: tree, next: undefined } as AuthoritySnapshot;
    const database = { now: () => Promise.resolve(now) } as Database;
    const watch = new AuthorityWatch({ current } as AuthorityState, database, createLogger('test', 'silent'));
    expect(await watch.warn()).toEqual(roles);
  });
});
