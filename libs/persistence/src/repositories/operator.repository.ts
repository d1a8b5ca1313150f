import { type Page, pageOf, type PageRequest } from '../cursor.js';
import type { Transaction } from '../transaction.js';

export interface OperatorLogin {
  id: string;
  tenantId: string;
  username: string;
  /** argon2id, in PHC form; null for one who signs in by the identity provider alone. */
  passwordHash: string | null;
  disabled: boolean;
  roles: string[];
  rolesFromProvider: boolean;
}

/** How an identity provider names a person: `iss` and `sub` of OpenID Connect. */
export interface ExternalIdentity {
  issuer: string;
  subject: string;
}

export interface OperatorRow {
  id: string;
  username: string;
  roles: string[];
  hasPassword: boolean;
  identityIssuer: string | null;
  identitySubject: string | null;
  rolesFromProvider: boolean;
  createdAt: Date;
  disabledAt: Date | null;
}

export interface NewOperator {
  username: string;
  passwordHash?: string | undefined;
  roles: readonly string[];
  identity?: ExternalIdentity | undefined;
  rolesFromProvider?: boolean;
}

type Row = OperatorRow & { cursor_at: string; cursor_id: string };

const LOGIN = `SELECT id, tenant_id AS "tenantId", username, password_hash AS "passwordHash", disabled_at IS NOT NULL AS disabled, roles,
  roles_from_provider AS "rolesFromProvider" FROM operator_login`;
const SELECT = `SELECT id, username, roles, password_hash IS NOT NULL AS "hasPassword", identity_issuer AS "identityIssuer",
  identity_subject AS "identitySubject", roles_from_provider AS "rolesFromProvider", created_at AS "createdAt", disabled_at AS "disabledAt",
  created_at::text AS cursor_at, id AS cursor_id FROM operator`;

const toOperator = ({ cursor_at: _at, cursor_id: _id, ...operator }: Row): OperatorRow => operator;

export class OperatorRepository {
  /** Over all tenants, by the view `operator_login`; upper and lower case are the same name. */
  async findLogin(tx: Transaction, username: string): Promise<OperatorLogin | undefined> {
    return tx.one<OperatorLogin>(`${LOGIN} WHERE lower(username) = lower($1)`, [username]);
  }

  /** Over all tenants. */
  async findByIdentity(tx: Transaction, { issuer, subject }: ExternalIdentity): Promise<OperatorLogin | undefined> {
    return tx.one<OperatorLogin>(`${LOGIN} WHERE identity_issuer = $1 AND identity_subject = $2`, [issuer, subject]);
  }

  /** Over all tenants. */
  async exists(tx: Transaction): Promise<boolean> {
    const row = await tx.one<{ found: boolean }>('SELECT EXISTS (SELECT FROM operator_login) AS found');
    return row?.found ?? false;
  }

  /** @returns undefined when the name or the external identity is taken, in whatever tenant */
  async insert(tx: Transaction, tenantId: string, operator: NewOperator): Promise<string | undefined> {
    const { username, passwordHash, roles, identity, rolesFromProvider = false } = operator;
    const row = await tx.one<{ id: string }>(
      `INSERT INTO operator (tenant_id, username, password_hash, roles, identity_issuer, identity_subject, roles_from_provider)
       VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING RETURNING id`,
      [tenantId, username, passwordHash, [...roles], identity?.issuer, identity?.subject, rolesFromProvider],
    );
    return row?.id;
  }

  async find(tx: Transaction, tenantId: string, id: string): Promise<OperatorRow | undefined> {
    const row = await tx.one<Row>(`${SELECT} WHERE tenant_id = $1 AND id = $2`, [tenantId, id]);
    return row && toOperator(row);
  }

  async list(tx: Transaction, tenantId: string, { limit, cursor }: PageRequest): Promise<Page<OperatorRow>> {
    const rows = await tx.query<Row>(
      `${SELECT} WHERE tenant_id = $1 AND ($2::timestamptz IS NULL OR (created_at, id) > ($2::timestamptz, $3::uuid))
        ORDER BY created_at, id LIMIT $4`,
      [tenantId, cursor?.at, cursor?.id, limit + 1],
    );
    return pageOf(rows, limit, toOperator);
  }

  /** Until the transaction ends, nobody else changes who holds which role in this tenant. */
  async lockRoles(tx: Transaction, tenantId: string): Promise<void> {
    await tx.query("SELECT pg_advisory_xact_lock(hashtextextended('operator-roles ' || $1::text, 0))", [tenantId]);
  }

  /** Enabled operators with the role whose roles no identity provider can take away. */
  async countHolders(tx: Transaction, tenantId: string, role: string): Promise<number> {
    const row = await tx.one<{ count: number }>(
      `SELECT count(*)::int AS count FROM operator
        WHERE tenant_id = $1 AND $2 = ANY (roles) AND disabled_at IS NULL AND NOT roles_from_provider`,
      [tenantId, role],
    );
    return row?.count ?? 0;
  }

  async setRoles(tx: Transaction, tenantId: string, id: string, roles: readonly string[]): Promise<void> {
    await tx.query('UPDATE operator SET roles = $3 WHERE tenant_id = $1 AND id = $2', [tenantId, id, [...roles]]);
  }

  async setDisabled(tx: Transaction, tenantId: string, id: string, disabled: boolean): Promise<void> {
    await tx.query(
      'UPDATE operator SET disabled_at = CASE WHEN $3 THEN coalesce(disabled_at, now()) END WHERE tenant_id = $1 AND id = $2',
      [tenantId, id, disabled],
    );
  }

  /** Roles that a claim of the former identity gave are the operator's own from now on. */
  async setIdentity(tx: Transaction, tenantId: string, id: string, identity: ExternalIdentity | null): Promise<void> {
    await tx.query(
      `UPDATE operator SET identity_issuer = $3, identity_subject = $4, roles_from_provider = false
        WHERE tenant_id = $1 AND id = $2`,
      [tenantId, id, identity?.issuer, identity?.subject],
    );
  }

  async setPassword(tx: Transaction, tenantId: string, id: string, passwordHash: string): Promise<void> {
    await tx.query('UPDATE operator SET password_hash = $3 WHERE tenant_id = $1 AND id = $2', [
      tenantId,
      id,
      passwordHash,
    ]);
  }

  /**
   * Holds the operator as it was proven until the transaction ends, so that a session or token cannot outrun its being
   * disabled or a change of the password.
   * @param passwordHash the one that was compared; undefined when no password was
   * @returns false when it is no longer so
   */
  async hold(tx: Transaction, tenantId: string, id: string, passwordHash?: string | null): Promise<boolean> {
    const row = await tx.one(
      `SELECT FROM operator WHERE tenant_id = $1 AND id = $2 AND disabled_at IS NULL AND ($3::text IS NULL OR password_hash = $3)
        FOR SHARE`,
      [tenantId, id, passwordHash],
    );
    return row !== undefined;
  }
}
