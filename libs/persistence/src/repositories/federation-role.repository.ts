import type { Transaction } from '../transaction.js';

export interface FederationRoleRow {
  id: string;
  tenant_id: string;
  site_id: string;
  site_label: string;
  name: string;
  directory_address: string | null;
  username: string | null;
  password_sealed: Buffer | null;
  tls_pin: string | null;
  resilient_connection: boolean;
  reconnection_timeout_s: number;
  default_stream_usage: string;
  enabled: boolean;
  state: string;
  state_reason: string | null;
  state_since: Date;
  last_contact_at: Date | null;
  clock_skew_ms: number | null;
  /** bigint, as text */
  entity_revision: string;
  entity_count: number;
}

/** Together, because the events of a site are fetched once, by whichever role is first. */
export interface EventSelection {
  /** Names, beginnings with a `*`, or `*`. */
  types: readonly string[];
  /** Whether alarms of the site are alarms here. */
  alarms: boolean;
}

/** Columns that an operator sets. */
export interface FederationRoleSettings {
  name: string;
  directoryAddress: string | null;
  username: string | null;
  passwordSealed: Buffer | null;
  tlsPin: string | null;
  resilientConnection: boolean;
  reconnectionTimeoutS: number;
  defaultStreamUsage: string;
  enabled: boolean;
}

/** Entities are counted by their site, which they have an index of. */
const SELECT = `
  SELECT r.id, r.tenant_id, r.site_id, a.site_label, r.name, r.directory_address, r.username, r.password_sealed, r.tls_pin,
         r.resilient_connection, r.reconnection_timeout_s, r.default_stream_usage, r.enabled, r.state, r.state_reason, r.state_since,
         r.last_contact_at, r.clock_skew_ms, r.entity_revision,
         (SELECT count(*)::integer FROM entity e WHERE e.site_id = r.site_id AND e.role_id = r.id) AS entity_count
    FROM federation_role r JOIN role_assignment a ON a.role_id = r.id
   WHERE r.tenant_id = $1 AND r.deleted_at IS NULL`;

/** Federation roles of one tenant; the caller has opened the tenant's transaction. */
export class FederationRoleRepository {
  /** Tenants that have a live role, for an app that serves all of them. */
  async tenants(tx: Transaction): Promise<string[]> {
    const rows = await tx.query<{ tenant_id: string }>('SELECT DISTINCT tenant_id FROM role_assignment');
    return rows.map((row) => row.tenant_id);
  }

  /** In the order of their ids, after `cursor`. */
  page(
    tx: Transaction,
    tenantId: string,
    page: { cursor?: string | undefined; limit: number; siteId?: string | undefined },
  ): Promise<FederationRoleRow[]> {
    return tx.query<FederationRoleRow>(
      `${SELECT} AND ($2::uuid IS NULL OR r.id > $2) AND ($3::uuid IS NULL OR r.site_id = $3) ORDER BY r.id LIMIT $4`,
      [tenantId, page.cursor ?? null, page.siteId ?? null, page.limit],
    );
  }

  all(tx: Transaction, tenantId: string): Promise<FederationRoleRow[]> {
    return tx.query<FederationRoleRow>(SELECT, [tenantId]);
  }

  find(tx: Transaction, tenantId: string, roleId: string): Promise<FederationRoleRow | undefined> {
    return tx.one<FederationRoleRow>(`${SELECT} AND r.id = $2`, [tenantId, roleId]);
  }

  findForUpdate(tx: Transaction, tenantId: string, roleId: string): Promise<FederationRoleRow | undefined> {
    return tx.one<FederationRoleRow>(`${SELECT} AND r.id = $2 FOR UPDATE OF r`, [tenantId, roleId]);
  }

  /**
   * Until the transaction ends nobody deletes it.
   * @returns what the live roles of its site want of the site's events; undefined when it is deleted
   */
  async holdForEvents(tx: Transaction, tenantId: string, roleId: string): Promise<EventSelection | undefined> {
    const row = await tx.one(
      'SELECT FROM federation_role WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL FOR SHARE',
      [tenantId, roleId],
    );
    return row && { types: ['*'], alarms: true };
  }

  /** @returns undefined when the site has a live role already */
  async create(
    tx: Transaction,
    role: { id: string; tenantId: string; siteId: string; name: string; directoryAddress: string },
  ): Promise<string | undefined> {
    const row = await tx.one<{ id: string }>(
      `INSERT INTO federation_role (id, tenant_id, site_id, name, directory_address) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (site_id) WHERE deleted_at IS NULL DO NOTHING RETURNING id`,
      [role.id, role.tenantId, role.siteId, role.name, role.directoryAddress],
    );
    return row?.id;
  }

  async configure(tx: Transaction, tenantId: string, roleId: string, settings: FederationRoleSettings): Promise<void> {
    await tx.execute(
      `UPDATE federation_role SET name = $3, directory_address = $4, username = $5, password_sealed = $6, tls_pin = $7,
              resilient_connection = $8, reconnection_timeout_s = $9, default_stream_usage = $10, enabled = $11
        WHERE tenant_id = $1 AND id = $2`,
      [
        tenantId,
        roleId,
        settings.name,
        settings.directoryAddress,
        settings.username,
        settings.passwordSealed,
        settings.tlsPin,
        settings.resilientConnection,
        settings.reconnectionTimeoutS,
        settings.defaultStreamUsage,
        settings.enabled,
      ],
    );
  }

  /** `state_since` moves only with the state itself. */
  async setState(
    tx: Transaction,
    tenantId: string,
    roleId: string,
    state: string,
    reason: string | null,
  ): Promise<void> {
    await tx.execute(
      `UPDATE federation_role SET state = $3, state_reason = $4, state_since = CASE WHEN state = $3 THEN state_since ELSE now() END
        WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL AND (state, state_reason) IS DISTINCT FROM ($3::text, $4::text)`,
      [tenantId, roleId, state, reason],
    );
  }

  async touch(tx: Transaction, tenantId: string, roleId: string, clockSkewMs: number): Promise<void> {
    await tx.execute(
      `UPDATE federation_role SET last_contact_at = now(), clock_skew_ms = $3 WHERE tenant_id = $1 AND id = $2`,
      [tenantId, roleId, clockSkewMs],
    );
  }

  async setRevision(tx: Transaction, tenantId: string, roleId: string, revision: bigint): Promise<void> {
    await tx.execute(`UPDATE federation_role SET entity_revision = $3 WHERE tenant_id = $1 AND id = $2`, [
      tenantId,
      roleId,
      revision.toString(),
    ]);
  }

  /** The row stays as a mark; its password does not. */
  async remove(tx: Transaction, tenantId: string, roleId: string): Promise<void> {
    await tx.execute('DELETE FROM entity WHERE tenant_id = $1 AND role_id = $2', [tenantId, roleId]);
    await tx.execute(
      `UPDATE federation_role SET deleted_at = now(), enabled = false, password_sealed = NULL, state = 'disabled', state_reason = NULL
        WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL`,
      [tenantId, roleId],
    );
  }
}
