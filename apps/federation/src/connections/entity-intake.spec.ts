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
  let outages: number;

  beforeEach(() => {
    done = [];
    outages = 0;
    intake = new EntityIntake(OWNER, {
      replace: async (_owner, entities, revision) =>
        void done.push(`replace ${entities.map(({ remoteId }) => remoteId).join()} @${revision}`),
      apply: async (_owner, changes, revision) => {
        if (outages-- > 0) throw new Error('away');
        done.push(`${[...changes].map(([id, entity]) => (entity ? id : `-${id}`)).join()} @${revision}`);
      },
    });
  });

  it('writes a snapshot as one, and the changes taken since then together', async () => {
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
    await intake.flush();
    await intake.flush();
    expect(done).toEqual(['replace a,b @5', 'c,-a @7']);
    expect(answers).toEqual([false, false, false, true, true, false, false]);
  });

  it('keeps the last word on each entity, and what could not be written for the next time', async () => {
    await intake.take(message(1n, { case: 'upsert', value: entity('a') }));
    await intake.take(message(2n, { case: 'removed', value: 'a' }));
    await intake.take(message(3n, { case: 'upsert', value: entity('b') }));
    outages = 1;
    await expect(intake.flush()).rejects.toThrow('away');
    await intake.take(message(4n, { case: 'removed', value: 'b' }));
    expect(await intake.take(message(4n))).toBe(true);
    expect(done).toEqual(['-a,-b @4']);
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
