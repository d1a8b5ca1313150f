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
  /** Of the lease under which this is written. */
  generation: number;
}

/** Somebody else runs the role by now, or it was changed or deleted. */
export const roleTaken = (): DomainError =>
  new DomainError('role-not-connected', 'the role was changed, or another process runs it');

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
        const hasLost = await this.entities.keepOnly(tx, owner, ids);
        if (hasLost) await this.roles.callSiblings(tx, owner.tenantId, owner.roleId, false);
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
      const goneIds = gone.map(([remoteId]) => remoteId);
      const hasLost = await this.entities.remove(tx, owner, goneIds);
      if (hasLost) await this.roles.callSiblings(tx, owner.tenantId, owner.roleId, false);
      await this.entities.upsert(tx, owner, records);
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

/** The last word on each remote id counts; what has no usable one is left out. */
const recordsOf = ({ siteId }: EntityOwner, entities: readonly directory.Entity[]): EntityRecord[] => {
  const records = new Map<string, EntityRecord>();
  for (const entity of entities) {
    const record = entityRecord(siteId, entity);
    if (record !== undefined) records.set(record.remoteId, record);
  }
  return [...records.values()];
};
