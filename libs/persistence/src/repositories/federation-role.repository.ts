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
  /** Kinds of entities, or `*`. */
  entity_types: string[];
  /** Names and prefixes such as `input.*`, or `*`. */
  event_types: string[];
  federate_alarms: boolean;
  enabled: boolean;
  state: string;
  state_reason: string | null;
  state_since: Date;
  last_contact_at: Date | null;
  clock_skew_ms: number | null;
  /** bigint, as text */
  entity_revision: string;
  entity_count: number;
  capabilities: string[];
  /** The process of federation that runs it. */
  replica_id: string | null;
  lease_generation: number;
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
  entityTypes: readonly string[];
  eventTypes: readonly string[];
  federateAlarms: boolean;
  enabled: boolean;
}

/** What a change of the settings does to an open contact. */
export interface ContactEffect {
  /** It ends, and nothing more is written under it. */
  ends: boolean;
  /** The next one begins with all entities. */
  resyncs: boolean;
}

/** Whoever writes for a role: in vain when `generation` is not the present one. */
export interface RoleHold {
  tenantId: string;
  roleId: string;
  generation: number;
}

/** Said when roles have to be looked at; the payload says nothing. */
export const ROLES_CHANGED = 'federation_roles';

/** A role in these states stands for its entities; in the others a further role of its site may. */
export const HOLDING_STATES = "('connecting', 'synchronizing', 'connected', 'warning')";

/** Entities are counted by their site, which they have an index of. */
const SELECT = `
  SELECT r.id, r.tenant_id, r.site_id, a.site_label, r.name, r.directory_address, r.username, r.password_sealed, r.tls_pin,
         r.resilient_connection, r.reconnection_timeout_s, r.default_stream_usage, r.entity_types, r.event_types, r.federate_alarms,
         r.enabled, r.state, r.state_reason, r.state_since, r.last_contact_at, r.clock_skew_ms, r.entity_revision, r.capabilities,
         r.replica_id, r.lease_generation,
         (SELECT count(*)::integer FROM entity e WHERE e.site_id = r.site_id AND e.role_id = r.id) AS entity_count
    FROM federation_role r JOIN role_assignment a ON a.role_id = r.id
   WHERE r.tenant_id = $1 AND r.deleted_at IS NULL`;

/** Federation roles of one tenant; the caller has opened the tenant's transaction. */
export class FederationRoleRepository {
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

  /** Of the tenant's live roles those with these ids. */
  some(tx: Transaction, tenantId: string, roleIds: readonly string[]): Promise<FederationRoleRow[]> {
    return tx.query<FederationRoleRow>(`${SELECT} AND r.id = ANY ($2::uuid[])`, [tenantId, roleIds]);
  }

  find(tx: Transaction, tenantId: string, roleId: string): Promise<FederationRoleRow | undefined> {
    return tx.one<FederationRoleRow>(`${SELECT} AND r.id = $2`, [tenantId, roleId]);
  }

  findForUpdate(tx: Transaction, tenantId: string, roleId: string): Promise<FederationRoleRow | undefined> {
    return tx.one<FederationRoleRow>(`${SELECT} AND r.id = $2 FOR UPDATE OF r`, [tenantId, roleId]);
  }

  /**
   * Until the transaction ends nobody takes, changes or deletes the role.
   * @returns what the enabled roles of its site want of the site's events; undefined when somebody has
   */
  async holdForEvents(
    tx: Transaction,
    { tenantId, roleId, generation }: RoleHold,
  ): Promise<EventSelection | undefined> {
    const row = await tx.one<{ site_id: string }>(
      `SELECT site_id FROM federation_role WHERE tenant_id = $1 AND id = $2 AND lease_generation = $3 AND deleted_at IS NULL
          FOR SHARE`,
      [tenantId, roleId, generation],
    );
    if (row === undefined) return undefined;
    return tx.one<EventSelection>(
      `SELECT coalesce(array_agg(DISTINCT t) FILTER (WHERE t IS NOT NULL), '{}') AS types, bool_or(federate_alarms) AS alarms
         FROM federation_role LEFT JOIN LATERAL unnest(event_types) t ON true
        WHERE tenant_id = $1 AND site_id = $2 AND deleted_at IS NULL AND (enabled OR id = $3)`,
      [tenantId, row.site_id, roleId],
    );
  }

  /**
   * @param most the site has no more live roles than this afterwards; 0: it must never have had one
   * @returns undefined when there are as many already
   */
  async create(
    tx: Transaction,
    role: { id: string; tenantId: string; siteId: string; name: string; directoryAddress: string },
    most: number,
  ): Promise<string | undefined> {
    // Two that do not see each other yet would both count too few.
    await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 5501))', [role.siteId]);
    const row = await tx.one<{ id: string }>(
      `INSERT INTO federation_role (id, tenant_id, site_id, name, directory_address, state_reason)
       SELECT $1::uuid, $2::uuid, $3::uuid, $4, $5, 'missing: username, password'
        WHERE (SELECT count(*) FROM federation_role WHERE site_id = $3::uuid AND (deleted_at IS NULL OR $6::integer = 0))
              < greatest($6::integer, 1)
       RETURNING id`,
      [role.id, role.tenantId, role.siteId, role.name, role.directoryAddress, most],
    );
    return row?.id;
  }

  async configure(
    tx: Transaction,
    tenantId: string,
    roleId: string,
    settings: FederationRoleSettings,
    contact: ContactEffect,
  ): Promise<void> {
    await tx.execute(
      `UPDATE federation_role SET name = $3, directory_address = $4, username = $5, password_sealed = $6, tls_pin = $7,
              resilient_connection = $8, reconnection_timeout_s = $9, default_stream_usage = $10, enabled = $11, entity_types = $12,
              event_types = $13, federate_alarms = $14, lease_generation = lease_generation + $15::boolean::integer,
              entity_revision = CASE WHEN $16 THEN 0 ELSE entity_revision END, replica_id = CASE WHEN $11 THEN replica_id END
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
        settings.entityTypes,
        settings.eventTypes,
        settings.federateAlarms,
        contact.ends,
        contact.resyncs,
      ],
    );
    await tx.notify(ROLES_CHANGED, '');
  }

  /**
   * `state_since` moves only with the state itself.
   * @param generation of whoever runs the role; without it an operator has changed the role
   */
  async setState(
    tx: Transaction,
    { tenantId, roleId, generation }: Omit<RoleHold, 'generation'> & { generation?: number },
    state: string,
    reason: string | null,
  ): Promise<void> {
    const written = await tx.one<{ moved: boolean }>(
      `UPDATE federation_role SET state = $3, state_reason = $4, state_since = CASE WHEN state = $3 THEN state_since ELSE now() END
        WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL AND ($5::integer IS NULL OR lease_generation = $5)
          AND (state, state_reason) IS DISTINCT FROM ($3::text, $4::text)
        RETURNING state_since = now() AS moved`,
      [tenantId, roleId, state, reason, generation ?? null],
    );
    const isLost = state === 'connection-failed' || state === 'invalid-credentials' || state === 'disabled';
    if (written?.moved === true && isLost) await this.callSiblings(tx, tenantId, roleId, true);
  }

  async touch(
    tx: Transaction,
    { tenantId, roleId, generation }: RoleHold,
    seen: { clockSkewMs: number; capabilities: readonly string[] },
  ): Promise<void> {
    await tx.execute(
      `UPDATE federation_role SET last_contact_at = now(), clock_skew_ms = $4, capabilities = $5
        WHERE tenant_id = $1 AND id = $2 AND lease_generation = $3`,
      [tenantId, roleId, generation, seen.clockSkewMs, seen.capabilities],
    );
  }

  /** @returns undefined when the role is another's by now, or gone */
  async revision(tx: Transaction, { tenantId, roleId, generation }: RoleHold): Promise<bigint | undefined> {
    const row = await tx.one<{ entity_revision: string }>(
      'SELECT entity_revision FROM federation_role WHERE tenant_id = $1 AND id = $2 AND lease_generation = $3 AND deleted_at IS NULL',
      [tenantId, roleId, generation],
    );
    return row && BigInt(row.entity_revision);
  }

  /** Nobody takes, changes or deletes the role until the end of the transaction. @returns false when somebody has */
  async hold(tx: Transaction, { tenantId, roleId, generation }: RoleHold): Promise<boolean> {
    const row = await tx.one(
      `SELECT id FROM federation_role WHERE tenant_id = $1 AND id = $2 AND lease_generation = $3 AND deleted_at IS NULL
          FOR NO KEY UPDATE`,
      [tenantId, roleId, generation],
    );
    return row !== undefined;
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
    await this.callSiblings(tx, tenantId, roleId, true);
    await tx.execute('DELETE FROM entity WHERE tenant_id = $1 AND role_id = $2', [tenantId, roleId]);
    await tx.execute(
      `UPDATE federation_role SET deleted_at = now(), enabled = false, password_sealed = NULL, state = 'disabled', state_reason = NULL,
              replica_id = NULL, lease_generation = lease_generation + 1
        WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL`,
      [tenantId, roleId],
    );
    await tx.notify(ROLES_CHANGED, '');
  }

  /**
   * What a role does not stand for any more, another role of the site may have seen too: those that are in contact read
   * everything anew.
   * @param ifHolding only when the role has entities now
   */
  async callSiblings(tx: Transaction, tenantId: string, roleId: string, ifHolding: boolean): Promise<void> {
    const called = await tx.execute(
      `UPDATE federation_role s SET entity_revision = 0, lease_generation = s.lease_generation + 1
         FROM federation_role r
        WHERE r.tenant_id = $1 AND r.id = $2 AND s.tenant_id = $1 AND s.site_id = r.site_id AND s.id <> r.id AND s.deleted_at IS NULL
          AND s.state IN ('synchronizing', 'connected', 'warning') AND (NOT $3::boolean OR EXISTS (SELECT FROM entity e WHERE e.role_id = r.id))`,
      [tenantId, roleId, ifHolding],
    );
    if (called > 0) await tx.notify(ROLES_CHANGED, '');
  }
}
