import { directory, DomainError } from '@app/contracts';
import type { EntityOwner, EntityStore } from '../entities/entity-store.js';

type Message = directory.WatchEntitiesResponse;

/** A site has at most this many entities here. */
const MAX_SNAPSHOT = 20_000;

/** Takes the messages of one watch into the database. */
export class EntityIntake {
  #snapshot: directory.Entity[] | undefined;

  constructor(
    private readonly owner: EntityOwner,
    private readonly store: Pick<EntityStore, 'replace' | 'upsert' | 'remove'>,
  ) {}

  /** @returns whether the host is now known to be up to date */
  async take({ change, revision }: Message): Promise<boolean> {
    switch (change.case) {
      case 'snapshotBegin':
        this.#snapshot = [];
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
    if (snapshot.length >= MAX_SNAPSHOT) {
      throw new DomainError('directory-refused', `the site names more than ${MAX_SNAPSHOT} entities`);
    }
    snapshot.push(entity);
  }
}
