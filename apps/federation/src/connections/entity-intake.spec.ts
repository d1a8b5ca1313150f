import { create } from '@bufbuild/protobuf';
import { directory, DomainError } from '@app/contracts';
import { EntityIntake } from './entity-intake.js';

const OWNER = { tenantId: 't', siteId: 's', roleId: 'r' };

type Change = directory.WatchEntitiesResponse['change'];

const message = (revision: bigint, change: Change = { case: undefined }): directory.WatchEntitiesResponse =>
  create(directory.WatchEntitiesResponseSchema, { revision, change });
const entity = (remoteId: string): directory.Entity => create(directory.EntitySchema, { remoteId });
const begin: Change = { case: 'snapshotBegin', value: create(directory.SnapshotBeginSchema) };
const end: Change = { case: 'snapshotEnd', value: create(directory.SnapshotEndSchema) };

describe('EntityIntake', () => {
  let done: string[];
  let intake: EntityIntake;
  let isAway: boolean;

  beforeEach(() => {
    done = [];
    isAway = false;
    intake = new EntityIntake(OWNER, {
      replace: async (_owner, entities, revision) =>
        void done.push(`replace ${entities.map(({ remoteId }) => remoteId).join()} @${revision}`),
      upsert: async (_owner, entities, revision) => {
        if (isAway) throw new DomainError('unavailable', 'the database is away');
        done.push(`upsert ${entities.map(({ remoteId }) => remoteId).join()} @${revision}`);
      },
      remove: async (_owner, remoteId, revision) => void done.push(`remove ${remoteId} @${revision}`),
    });
  });

  it('writes a snapshot as one, and changes that come together as one, in their order', async () => {
    const answers: boolean[] = [];
    const changes: [bigint, Change?][] = [
      [5n, begin],
      [5n, { case: 'upsert', value: entity('a') }],
      [5n, { case: 'upsert', value: entity('b') }],
      [5n, end],
      [5n],
      [6n, { case: 'upsert', value: entity('c') }],
      [7n, { case: 'upsert', value: entity('d') }],
      [8n, { case: 'removed', value: 'a' }],
      [9n, { case: 'upsert', value: entity('a') }],
      [9n],
    ];
    for (const [revision, change] of changes) answers.push(await intake.take(message(revision, change)));
    expect(done).toEqual(['replace a,b @5', 'upsert c,d @7', 'remove a @8', 'upsert a @9']);
    expect(answers).toEqual([false, false, false, true, true, false, false, false, false, true]);
  });

  it('writes without waiting for the end of changes that do not end', async () => {
    for (let i = 1n; i <= 500n; i++) await intake.take(message(i, { case: 'upsert', value: entity(`e${i}`) }));
    expect(done.map((text) => text.split('@')[1])).toEqual(['200', '400']);
  });

  it('does not let a site fill the memory with changes', async () => {
    const large = create(directory.EntitySchema, { remoteId: 'a', name: 'x'.repeat(600_000) });
    await intake.take(message(1n, { case: 'upsert', value: large }));
    expect(done).toEqual([]);
    await intake.take(message(2n, { case: 'upsert', value: large }));
    expect(done).toEqual(['upsert a,a @2']);
  });

  it('keeps what could not be written, and writes it when the message is taken again', async () => {
    await intake.take(message(6n, { case: 'upsert', value: entity('c') }));
    isAway = true;
    await expect(intake.take(message(6n))).rejects.toMatchObject({ code: 'unavailable' });
    isAway = false;
    expect(await intake.take(message(6n))).toBe(true);
    await intake.take(message(6n));
    expect(done).toEqual(['upsert c @6']);
  });

  it('forgets changes that a snapshot follows', async () => {
    await intake.take(message(6n, { case: 'upsert', value: entity('c') }));
    await intake.take(message(9n, begin));
    await intake.take(message(9n, { case: 'upsert', value: entity('a') }));
    await intake.take(message(9n, end));
    await intake.take(message(9n));
    expect(done).toEqual(['replace a @9']);
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
