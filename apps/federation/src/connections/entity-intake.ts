import { toBinary } from '@bufbuild/protobuf';
import { directory, DomainError } from '@app/contracts';
import type { EntityOwner, EntityStore } from '../entities/entity-store.js';

type Message = directory.WatchEntitiesResponse;

/** A site has at most this many entities here. */
const MAX_SNAPSHOT = 20_000;
/** Sum of the entities' encoded sizes; the product's own bar is 150 entities of less than a kilobyte. */
const MAX_SNAPSHOT_BYTES = 32 << 20;

/** Takes the messages of one watch into the database: a snapshot as one, and changes together that arrived together. */
export class EntityIntake {
  #snapshot: directory.Entity[] | undefined;
  #snapshotBytes = 0;
  #changes = new Map<string, directory.Entity | null>();
  #revision = 0n;

  constructor(
    private readonly owner: EntityOwner,
    private readonly store: Pick<EntityStore, 'replace' | 'apply'>,
  ) {}

  /**
   * What it rejects may be repeated. Changes are written by `flush`.
   * @returns whether the host is now known to be up to date
   */
  async take({ change, revision }: Message): Promise<boolean> {
    switch (change.case) {
      case 'snapshotBegin':
        this.#snapshot = [];
        this.#snapshotBytes = 0;
        this.#changes.clear();
        return false;
      case 'snapshotEnd':
        await this.store.replace(this.owner, this.#snapshot ?? [], revision);
        this.#snapshot = undefined;
        return true;
      case 'upsert':
        if (this.#snapshot === undefined) this.#note(change.value.remoteId, change.value, revision);
        else this.#collect(this.#snapshot, change.value);
        return false;
      case 'removed':
        this.#note(change.value, null, revision);
        return false;
      case undefined:
        await this.flush();
        return true;
      default:
        return change satisfies never;
    }
  }

  /** Writes the changes taken so far. What it rejects may be repeated. */
  async flush(): Promise<void> {
    if (this.#changes.size === 0) return;
    await this.store.apply(this.owner, this.#changes, this.#revision);
    this.#changes = new Map();
  }

  #note(remoteId: string, entity: directory.Entity | null, revision: bigint): void {
    this.#changes.set(remoteId, entity);
    this.#revision = revision;
  }

  #collect(snapshot: directory.Entity[], entity: directory.Entity): void {
    this.#snapshotBytes += toBinary(directory.EntitySchema, entity).length;
    if (snapshot.length >= MAX_SNAPSHOT || this.#snapshotBytes > MAX_SNAPSHOT_BYTES) {
      throw new DomainError('directory-refused', 'the site names more entities than one site may have');
    }
    snapshot.push(entity);
  }
}
