import { directory, DomainError } from '@app/contracts';
import {
  Database,
  type EntityRecord,
  EntityRepository,
  FederationRoleRepository,
  type Transaction,
} from '@app/persistence';
import { Injectable } from '@nestjs/common';
import { Turnstile } from '../turnstile/turnstile.js';
import { entityRecord, isUsableId } from './entity-record.js';

/** Snapshots that are written at once: half of the connections stay for everything else. */
const SNAPSHOTS_AT_ONCE = 4;

/** Whose entities they are. */
export interface EntityOwner {
  tenantId: string;
  siteId: string;
  roleId: string;
}

/** Entities of a role in the database, always together with the revision they belong to. */
@Injectable()
export class EntityStore {
  private readonly snapshots = new Turnstile(SNAPSHOTS_AT_ONCE);

  constructor(
    private readonly database: Database,
    private readonly entities: EntityRepository,
    private readonly roles: FederationRoleRepository,
  ) {}

  /** The snapshot is all there is now. */
  async replace(owner: EntityOwner, entities: readonly directory.Entity[], revision: bigint): Promise<void> {
    const records = recordsOf(owner, entities);
    const ids = records.map(({ remoteId }) => remoteId);
    const write = (): Promise<void> =>
      this.write(owner, revision, async (tx) => {
        await this.entities.keepOnly(tx, owner, ids);
        await this.entities.upsert(tx, owner, records);
      });
    await this.snapshots.pass(write);
  }

  /** Changes up to `revision`, by remote id: null for what is gone. */
  async apply(
    owner: EntityOwner,
    changes: ReadonlyMap<string, directory.Entity | null>,
    revision: bigint,
  ): Promise<void> {
    const records = recordsOf(
      owner,
      [...changes.values()].filter((entity) => entity !== null),
    );
    const gone = [...changes].filter(([remoteId, entity]) => entity === null && isUsableId(remoteId));
    await this.write(owner, revision, async (tx) => {
      await this.entities.remove(
        tx,
        owner,
        gone.map(([remoteId]) => remoteId),
      );
      await this.entities.upsert(tx, owner, records);
    });
  }

  /** A role that was deleted in between must not get entities any more: its row is locked first. */
  private async write(
    { tenantId, roleId }: EntityOwner,
    revision: bigint,
    work: (tx: Transaction) => Promise<void>,
  ): Promise<void> {
    await this.database.inTenant(tenantId, async (tx) => {
      const role = await this.roles.findForUpdate(tx, tenantId, roleId);
      if (role === undefined) throw new DomainError('role-not-found', 'the role was deleted');
      await work(tx);
      await this.roles.setRevision(tx, tenantId, roleId, revision);
    });
  }
}

/** The last word on each remote id counts; what has no usable one is left out. */
const recordsOf = ({ siteId }: EntityOwner, entities: readonly directory.Entity[]): EntityRecord[] => {
  const records = new Map<string, EntityRecord>();
  for (const entity of entities) {
    const record = entityRecord(siteId, entity);
    if (record !== undefined) records.set(record.remoteId, record);
  }
  return [...records.values()];
};
