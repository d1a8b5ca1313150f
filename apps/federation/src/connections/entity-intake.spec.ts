import { create } from '@bufbuild/protobuf';
import { directory } from '@app/contracts';
import { EntityIntake } from './entity-intake.js';

const OWNER = { tenantId: 't', siteId: 's', roleId: 'r', generation: 1 };

type Change = directory.WatchEntitiesResponse['change'];

const message = (revision: bigint, change: Change = { case: undefined }): directory.WatchEntitiesResponse =>
  create(directory.WatchEntitiesResponseSchema, { revision, change });
const entity = (remoteId: string): directory.Entity => create(directory.EntitySchema, { remoteId });
const begin: Change = { case: 'snapshotBegin', value: create(directory.SnapshotBeginSchema) };
const end: Change = { case: 'snapshotEnd', value: create(directory.SnapshotEndSchema) };

describe('EntityIntake', () => {
  let done: string[];
  let intake: EntityIntake;

  beforeEach(() => {
    done = [];
    intake = new EntityIntake(OWNER, {
      replace: async (_owner, entities, revision) =>
        void done.push(`replace ${entities.map(({ remoteId }) => remoteId).join()} @${revision}`),
      upsert: async (_owner, { remoteId }, revision) => void done.push(`upsert ${remoteId} @${revision}`),
      remove: async (_owner, remoteId, revision) => void done.push(`remove ${remoteId} @${revision}`),
    });
  });

  it('writes a snapshot as one, and changes one by one', async () => {
    const answers: boolean[] = [];
    const changes: [bigint, Change?][] = [
      [5n, begin],
      [5n, { case: 'upsert', value: entity('a') }],
      [5n, { case: 'upsert', value: entity('b') }],
      [5n, end],
      [5n],
      [6n, { case: 'upsert', value: entity('c') }],
      [7n, { case: 'removed', value: 'a' }],
    ];
    for (const [revision, change] of changes) answers.push(await intake.take(message(revision, change)));
    expect(done).toEqual(['replace a,b @5', 'upsert c @6', 'remove a @7']);
    expect(answers).toEqual([false, false, false, true, true, false, false]);
  });

  it('writes nothing of a snapshot that was cut off', async () => {
    await intake.take(message(5n, begin));
    await intake.take(message(5n, { case: 'upsert', value: entity('a') }));
    expect(done).toEqual([]);
    await intake.take(message(6n, begin));
    await intake.take(message(6n, end));
    expect(done).toEqual(['replace  @6']);
  });

  it('refuses a snapshot without end', async () => {
    await intake.take(message(1n, begin));
    const flood = async (): Promise<void> => {
      for (let i = 0; i <= 20_000; i++) await intake.take(message(1n, { case: 'upsert', value: entity(`e${i}`) }));
    };
    await expect(flood()).rejects.toMatchObject({ code: 'directory-refused' });
  });
});
