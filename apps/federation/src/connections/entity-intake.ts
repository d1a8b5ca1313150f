import { toBinary } from '@bufbuild/protobuf';
import { directory, DomainError } from '@app/contracts';
import type { EntityOwner, EntityStore } from '../entities/entity-store.js';

type Message = directory.WatchEntitiesResponse;

/** A site has at most this many entities here. */
const MAX_SNAPSHOT = 20_000;
/** Sum of the entities' encoded sizes; the product's own bar is 150 entities of less than a kilobyte. */
const MAX_SNAPSHOT_BYTES = 32 << 20;

/** Takes the messages of one watch into the database. */
export class EntityIntake {
  #snapshot: directory.Entity[] | undefined;
  #snapshotBytes = 0;

  constructor(
    private readonly owner: EntityOwner,
    private readonly store: Pick<EntityStore, 'replace' | 'upsert' | 'remove'>,
  ) {}

  /** @returns whether the host is now known to be up to date */
  async take({ change, revision }: Message): Promise<boolean> {
    switch (change.case) {
      case 'snapshotBegin':
        this.#snapshot = [];
        this.#snapshotBytes = 0;
        return false;
      case 'snapshotEnd':
        await this.store.replace(this.owner, this.#snapshot ?? [], revision);
        this.#snapshot = undefined;
        return true;
      case 'upsert':
        if (this.#snapshot === undefined) await this.store.upsert(this.owner, change.value, revision);
        else this.#collect(this.#snapshot, change.value);
        return false;
      case 'removed':
        await this.store.remove(this.owner, change.value, revision);
        return false;
      case undefined:
        return true;
      default:
        return change satisfies never;
    }
  }

  #collect(snapshot: directory.Entity[], entity: directory.Entity): void {
    this.#snapshotBytes += toBinary(directory.EntitySchema, entity).length;
    if (snapshot.length >= MAX_SNAPSHOT || this.#snapshotBytes > MAX_SNAPSHOT_BYTES) {
      throw new DomainError('directory-refused', 'the site names more entities than one site may have');
    }
    snapshot.push(entity);
  }
}
