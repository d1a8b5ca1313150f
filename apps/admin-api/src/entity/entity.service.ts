import { DomainError, type IfMatch } from '@app/contracts';
import {
  Database,
  ENTITY_LIST,
  EntityNoteRepository,
  EntityViewRepository,
  type Page,
  type Transaction,
} from '@app/persistence';
import { Inject, Injectable } from '@nestjs/common';
import type { Caller } from '../http/request.js';
import { toSortedPageRequest } from '../http/sorted-page.dto.js';
import { entityTag, toEntity } from './entity-resource.js';
import type { Entity, EntityChanges, EntityQuery, EntityStates } from './entity.dto.js';

/** Entities are read where federation writes them: they are there while it is away, and no message limits a page. */
@Injectable()
export class EntityService {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(EntityViewRepository) private readonly entities: EntityViewRepository,
    @Inject(EntityNoteRepository) private readonly notes: EntityNoteRepository,
  ) {}

  async list(tenantId: string, query: EntityQuery): Promise<Page<Entity>> {
    const { q: text, siteId, roleId, areaId, kind, state } = query;
    const filter = { text, siteId, roleId, areaId, kind, state };
    const request = toSortedPageRequest(query, ENTITY_LIST, filter);
    const page = await this.database.inTenant(tenantId, (tx) => this.entities.list(tx, tenantId, filter, request));
    return { ...page, items: page.items.map(toEntity) };
  }

  /** @throws DomainError `entity-not-found`, also for another tenant's */
  find(tenantId: string, id: string): Promise<Entity> {
    return this.database.inTenant(tenantId, (tx) => this.require(tx, tenantId, id));
  }

  async states(tenantId: string, ids: readonly string[]): Promise<EntityStates> {
    const asked = [...new Set(ids.map((id) => id.toLowerCase()))];
    const rows = await this.database.inTenant(tenantId, (tx) => this.entities.states(tx, tenantId, asked));
    const found = new Map(
      rows.map(({ updatedAt, ...row }) => [row.id, { ...row, updatedAt: updatedAt.toISOString() }]),
    );
    return {
      states: asked.flatMap((id) => found.get(id) ?? []),
      unknownIds: asked.filter((id) => !found.has(id)),
    };
  }

  /** @throws DomainError `entity-not-found`, `precondition-failed` */
  async change({ tenantId, actor }: Caller, id: string, { note }: EntityChanges, ifMatch: IfMatch): Promise<Entity> {
    return this.database.inTenant(tenantId, async (tx) => {
      await this.notes.lock(tx, id);
      const before = await this.require(tx, tenantId, id);
      entityTag.require(ifMatch, before);
      if (note === undefined || note === before.note) return before;
      if (note === null) await this.notes.remove(tx, tenantId, id);
      else await this.notes.write(tx, tenantId, before, note, actor);
      // As with the notes of a site, not their text.
      const details = { siteId: before.siteId, remoteId: before.remoteId, removed: note === null };
      await tx.audit(tenantId, { actor, action: 'entity.noted', subject: id, details });
      return this.require(tx, tenantId, id);
    });
  }

  private async require(tx: Transaction, tenantId: string, id: string): Promise<Entity> {
    const row = await this.entities.find(tx, tenantId, id);
    if (row === undefined) throw new DomainError('entity-not-found', 'there is no such entity');
    return toEntity(row);
  }
}
