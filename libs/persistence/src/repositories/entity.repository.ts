import type { Transaction } from '../transaction.js';
import { HOLDING_STATES } from './federation-role.repository.js';

/** One entity as its site reported it. */
export interface EntityRecord {
  id: string;
  remoteId: string;
  kind: string;
  name: string;
  parentRemoteId: string | null;
  /** Wanted path; another entity of the site may have it, then `fallbackPath` is taken. */
  path: string;
  fallbackPath: string;
  state: 'online' | 'offline' | 'unknown';
  stateReason: string | null;
  details: Record<string, unknown>;
}

export interface EntityRow {
  id: string;
  site_id: string;
  site_label: string;
  role_id: string;
  /** The process of federation that runs the role. */
  replica_id: string | null;
  remote_id: string;
  kind: string;
  name: string;
  path: string;
  /** `unknown` while the role has no contact with the site. */
  state: 'online' | 'offline' | 'unknown';
  state_reason: string | null;
  details: Record<string, unknown>;
  updated_at: Date;
}

/** What a site said stays in the row; whether that still holds depends on the role, so it is decided when read. */
const SELECT = `
  SELECT e.id, e.site_id, a.site_label, e.role_id, r.replica_id, e.remote_id, e.kind, e.name, e.path, e.details, e.updated_at,
         CASE WHEN r.state IN ('connected', 'warning') THEN e.state ELSE 'unknown' END AS state,
         CASE WHEN r.state IN ('connected', 'warning') THEN e.state_reason ELSE coalesce(r.state_reason, r.state) END AS state_reason
    FROM entity e JOIN federation_role r ON r.id = e.role_id JOIN role_assignment a ON a.role_id = e.role_id
   WHERE e.tenant_id = $1`;

interface Owner {
  tenantId: string;
  siteId: string;
  roleId: string;
}

/** Federated entities of one tenant; the caller has opened the tenant's transaction. */
export class EntityRepository {
  page(
    tx: Transaction,
    tenantId: string,
    page: { kind: string; cursor?: string | undefined; limit: number; siteId?: string | undefined },
  ): Promise<EntityRow[]> {
    return tx.query<EntityRow>(
      `${SELECT} AND e.kind = $2 AND ($3::uuid IS NULL OR e.id > $3) AND ($4::uuid IS NULL OR e.site_id = $4) ORDER BY e.id LIMIT $5`,
      [tenantId, page.kind, page.cursor ?? null, page.siteId ?? null, page.limit],
    );
  }

  find(tx: Transaction, tenantId: string, kind: string, id: string): Promise<EntityRow | undefined> {
    return tx.one<EntityRow>(`${SELECT} AND e.kind = $2 AND e.id = $3`, [tenantId, kind, id]);
  }

  /** The camera of a stream URL. */
  findByPath(
    tx: Transaction,
    tenantId: string,
    kind: string,
    siteLabel: string,
    path: string,
  ): Promise<EntityRow | undefined> {
    return tx.one<EntityRow>(`${SELECT} AND e.kind = $2 AND a.site_label = $3 AND e.path = $4`, [
      tenantId,
      kind,
      siteLabel,
      path,
    ]);
  }

  /**
   * Inserts or updates. A path that was given once stays, unless the entity has become one of another kind; so does the
   * role that stands for the entity, while it has contact.
   */
  async upsert(tx: Transaction, owner: Owner, entities: readonly EntityRecord[]): Promise<void> {
    if (entities.length === 0) return;
    await tx.execute(
      `INSERT INTO entity (id, tenant_id, site_id, role_id, remote_id, kind, name, parent_remote_id, path, state, state_reason, details)
       SELECT x.id, $1, $2, $3, x."remoteId", x.kind, x.name, x."parentRemoteId",
              CASE WHEN row_number() OVER (PARTITION BY x.kind, x.path ORDER BY x."remoteId") > 1
                     OR EXISTS (SELECT FROM entity o WHERE o.site_id = $2 AND o.kind = x.kind AND o.path = x.path AND o.remote_id <> x."remoteId")
                   THEN x."fallbackPath" ELSE x.path END,
              x.state, x."stateReason", x.details
         FROM jsonb_to_recordset($4::jsonb) AS x(id uuid, "remoteId" text, kind text, name text, "parentRemoteId" text, path text,
              "fallbackPath" text, state text, "stateReason" text, details jsonb)
       ON CONFLICT (id) DO UPDATE SET role_id = excluded.role_id, kind = excluded.kind, name = excluded.name,
              path = CASE WHEN entity.kind = excluded.kind THEN entity.path ELSE excluded.path END,
              parent_remote_id = excluded.parent_remote_id, state = excluded.state, state_reason = excluded.state_reason,
              details = excluded.details, updated_at = now()
        WHERE (entity.role_id = excluded.role_id OR NOT EXISTS (
                SELECT FROM federation_role h WHERE h.id = entity.role_id AND h.deleted_at IS NULL AND h.state IN ${HOLDING_STATES}))
          AND (entity.role_id, entity.kind, entity.name, entity.parent_remote_id, entity.state, entity.state_reason, entity.details)
              IS DISTINCT FROM (excluded.role_id, excluded.kind, excluded.name, excluded.parent_remote_id, excluded.state,
              excluded.state_reason, excluded.details)`,
      [owner.tenantId, owner.siteId, owner.roleId, JSON.stringify(entities)],
    );
  }

  /** @returns whether the role stood for one of them */
  async remove(tx: Transaction, owner: Owner, remoteIds: readonly string[]): Promise<boolean> {
    if (remoteIds.length === 0) return false;
    const removed = await tx.execute(
      'DELETE FROM entity WHERE tenant_id = $1 AND site_id = $2 AND role_id = $3 AND remote_id = ANY ($4::text[])',
      [owner.tenantId, owner.siteId, owner.roleId, remoteIds],
    );
    return removed > 0;
  }

  /** After a snapshot: what it did not name is gone for this role. @returns whether anything was */
  async keepOnly(tx: Transaction, owner: Owner, remoteIds: readonly string[]): Promise<boolean> {
    const removed = await tx.execute(
      'DELETE FROM entity WHERE tenant_id = $1 AND site_id = $2 AND role_id = $3 AND NOT (remote_id = ANY ($4::text[]))',
      [owner.tenantId, owner.siteId, owner.roleId, remoteIds],
    );
    return removed > 0;
  }
}
