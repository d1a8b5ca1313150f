import { directory, DomainError } from '@app/contracts';
import {
  Database,
  type EntityRecord,
  EntityRepository,
  FederationRoleRepository,
  type Transaction,
} from '@app/persistence';
import { Injectable } from '@nestjs/common';
import { entityRecord } from './entity-record.js';

/** Whose entities they are. */
export interface EntityOwner {
  tenantId: string;
  siteId: string;
  roleId: string;
  /** Of the lease under which this is written. */
  generation: number;
}

/** Somebody else runs the role by now, or it was changed or deleted. */
export const roleTaken = (): DomainError =>
  new DomainError('role-not-connected', 'the role was changed, or another process runs it');

/** Entities of a role in the database, always together with the revision they belong to. */
@Injectable()
export class EntityStore {
  constructor(
    private readonly database: Database,
    private readonly entities: EntityRepository,
    private readonly roles: FederationRoleRepository,
  ) {}

  /** The snapshot is all there is now. */
  async replace(owner: EntityOwner, entities: readonly directory.Entity[], revision: bigint): Promise<void> {
    const records = new Map<string, EntityRecord>();
    for (const entity of entities) {
      const record = entityRecord(owner.siteId, entity);
      if (record !== undefined) records.set(record.remoteId, record);
    }
    await this.write(owner, revision, async (tx) => {
      const hasLost = await this.entities.keepOnly(tx, owner, [...records.keys()]);
      if (hasLost) await this.roles.callSiblings(tx, owner.tenantId, owner.roleId, false);
      await this.entities.upsert(tx, owner, [...records.values()]);
    });
  }

  async upsert(owner: EntityOwner, entity: directory.Entity, revision: bigint): Promise<void> {
    const record = entityRecord(owner.siteId, entity);
    await this.write(owner, revision, async (tx) => {
      if (record !== undefined) await this.entities.upsert(tx, owner, [record]);
    });
  }

  async remove(owner: EntityOwner, remoteId: string, revision: bigint): Promise<void> {
    await this.write(owner, revision, async (tx) => {
      const hasLost = await this.entities.remove(tx, owner, remoteId);
      if (hasLost) await this.roles.callSiblings(tx, owner.tenantId, owner.roleId, false);
    });
  }

  /** What a lease of before wrote would undo what its successor has written: the row of the role is locked first. */
  private async write(owner: EntityOwner, revision: bigint, work: (tx: Transaction) => Promise<void>): Promise<void> {
    const { tenantId, roleId } = owner;
    await this.database.inTenant(tenantId, async (tx) => {
      if (!(await this.roles.hold(tx, owner))) throw roleTaken();
      await work(tx);
      await this.roles.setRevision(tx, tenantId, roleId, revision);
    });
  }
}
