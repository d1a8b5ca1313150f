import { toBinary } from '@bufbuild/protobuf';
import { directory, DomainError } from '@app/contracts';
import type { EntityOwner, EntityStore } from '../entities/entity-store.js';

type Message = directory.WatchEntitiesResponse;

/** A site has at most this many entities here. */
const MAX_SNAPSHOT = 20_000;
/** Sum of the entities' encoded sizes; the product's own bar is 150 entities of less than a kilobyte. */
const MAX_SNAPSHOT_BYTES = 32 << 20;

/** Changes that are written together, and the sum of their encoded sizes. */
const MAX_TOGETHER = 200;
const MAX_TOGETHER_BYTES = 1 << 20;

/**
 * Takes the messages of one watch into the database. A device that fails takes a hundred cameras with it: what changes
 * together is written together, when the site says that it has no more, as it does at once.
 */
export class EntityIntake {
  #changed: directory.Entity[] = [];
  #changedBytes = 0;
  #changedTo = 0n;
  #snapshot: directory.Entity[] | undefined;
  #snapshotBytes = 0;

  constructor(
    private readonly owner: EntityOwner,
    private readonly store: Pick<EntityStore, 'replace' | 'upsert' | 'remove'>,
  ) {}

  /** May be repeated when it failed. @returns whether the host is now known to be up to date */
  async take({ change, revision }: Message): Promise<boolean> {
    switch (change.case) {
      case 'snapshotBegin':
        // Nothing of what was known is asked for any more.
        this.#forgetChanges();
        this.#snapshot = [];
        this.#snapshotBytes = 0;
        return false;
      case 'snapshotEnd':
        await this.store.replace(this.owner, this.#snapshot ?? [], revision);
        this.#snapshot = undefined;
        return true;
      case 'upsert':
        if (this.#snapshot === undefined) await this.#change(change.value, revision);
        else this.#collect(this.#snapshot, change.value);
        return false;
      case 'removed':
        await this.#flush();
        await this.store.remove(this.owner, change.value, revision);
        return false;
      case undefined:
        await this.#flush();
        return true;
      default:
        return change satisfies never;
    }
  }

  async #change(entity: directory.Entity, revision: bigint): Promise<void> {
    this.#changed.push(entity);
    this.#changedBytes += sizeOf(entity);
    this.#changedTo = revision;
    if (this.#changed.length >= MAX_TOGETHER || this.#changedBytes >= MAX_TOGETHER_BYTES) await this.#flush();
  }

  /** What could not be written stays for the next try. */
  async #flush(): Promise<void> {
    if (this.#changed.length === 0) return;
    await this.store.upsert(this.owner, this.#changed, this.#changedTo);
    this.#forgetChanges();
  }

  #forgetChanges(): void {
    this.#changed = [];
    this.#changedBytes = 0;
  }

  #collect(snapshot: directory.Entity[], entity: directory.Entity): void {
    this.#snapshotBytes += sizeOf(entity);
    if (snapshot.length >= MAX_SNAPSHOT || this.#snapshotBytes > MAX_SNAPSHOT_BYTES) {
      throw new DomainError('directory-refused', 'the site names more entities than one site may have');
    }
    snapshot.push(entity);
  }
}

const sizeOf = (entity: directory.Entity): number => toBinary(directory.EntitySchema, entity).length;
