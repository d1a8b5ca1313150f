import { type Page, pageOf, type PageRequest } from '../cursor.js';
import type { Transaction } from '../transaction.js';

/** Names are null of a camera that its site does not report just now. */
export interface ScopeCamera {
  cameraId: string;
  siteLabel: string | null;
  path: string | null;
  name: string | null;
}

export interface StreamAccountRow {
  id: string;
  name: string;
  username: string;
  usages: string[];
  level: number;
  allowedCidrs: string[];
  sites: { siteId: string; siteLabel: string }[];
  cameras: ScopeCamera[];
  expiresAt: Date | null;
  createdBy: string;
  createdAt: Date;
  updatedAt: Date;
  /** Null after a restore, until the password is rotated. */
  passwordSetAt: Date | null;
  revokedAt: Date | null;
  lastUsedAt: Date | null;
  lastUsedFrom: string | null;
}

export interface StreamAccountScope {
  siteIds?: readonly string[] | undefined;
  cameraIds?: readonly string[] | undefined;
}

interface Settings {
  name: string;
  usages: readonly string[];
  level: number;
  allowedCidrs: readonly string[];
  /** Null: it has no end. */
  expiresAt: Date | null;
}

export interface NewStreamAccount extends Settings {
  id: string;
  username: string;
  /** Sealed to the video redirector. */
  secret: string;
  createdBy: string;
}

export type StreamAccountChanges = { [Key in keyof Settings]?: Settings[Key] | undefined };

type Row = StreamAccountRow & { cursor_at: string; cursor_id: string };

const SELECT = `
  SELECT a.id, a.name, a.username, a.usages, a.level, a.allowed_cidrs AS "allowedCidrs", a.expires_at AS "expiresAt",
         a.created_by AS "createdBy", a.created_at AS "createdAt", a.updated_at AS "updatedAt",
         CASE WHEN a.secret IS NOT NULL THEN a.password_set_at END AS "passwordSetAt", a.revoked_at AS "revokedAt",
         u.last_used_at AS "lastUsedAt", host(u.address) AS "lastUsedFrom",
         coalesce((SELECT jsonb_agg(jsonb_build_object('siteId', s.id, 'siteLabel', s.label) ORDER BY s.label)
           FROM stream_account_scope c JOIN site s ON s.tenant_id = c.tenant_id AND s.id = c.site_id
          WHERE c.tenant_id = a.tenant_id AND c.account_id = a.id), '[]') AS sites,
         coalesce((SELECT jsonb_agg(jsonb_build_object('cameraId', c.camera_id, 'siteLabel', d.site_label, 'path', d.path, 'name', d.name)
             ORDER BY d.site_label, d.path, c.camera_id)
           FROM stream_account_scope c LEFT JOIN stream_camera_directory d ON d.tenant_id = c.tenant_id AND d.camera_id = c.camera_id
          WHERE c.tenant_id = a.tenant_id AND c.account_id = a.id AND c.camera_id IS NOT NULL), '[]') AS cameras,
         a.created_at::text AS cursor_at, a.id AS cursor_id
    FROM stream_account a LEFT JOIN stream_account_use u ON u.tenant_id = a.tenant_id AND u.account_id = a.id`;

const toAccount = ({ cursor_at: _at, cursor_id: _id, ...row }: Row): StreamAccountRow => row;

/** The accounts of a tenant by which recorders fetch streams. */
export class StreamAccountRepository {
  /** Creations of one tenant queue, so that the count holds. @returns how many are not revoked */
  async countLive(tx: Transaction, tenantId: string): Promise<number> {
    await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 5502))', [tenantId]);
    const row = await tx.one<{ accounts: number }>(
      'SELECT count(*)::integer AS accounts FROM stream_account WHERE tenant_id = $1 AND revoked_at IS NULL',
      [tenantId],
    );
    return row?.accounts ?? 0;
  }

  async insert(tx: Transaction, tenantId: string, account: NewStreamAccount): Promise<void> {
    await tx.execute(
      `INSERT INTO stream_account (id, tenant_id, name, username, secret, usages, level, allowed_cidrs, expires_at, created_by)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
      [
        account.id,
        tenantId,
        account.name,
        account.username,
        account.secret,
        account.usages,
        account.level,
        account.allowedCidrs,
        account.expiresAt,
        account.createdBy,
      ],
    );
  }

  /** Replaces the part of the scope that is given. */
  async setScope(tx: Transaction, tenantId: string, id: string, scope: StreamAccountScope): Promise<void> {
    for (const [column, ids] of [
      ['site_id', scope.siteIds],
      ['camera_id', scope.cameraIds],
    ] as const) {
      if (ids === undefined) continue;
      await tx.execute(
        `DELETE FROM stream_account_scope WHERE tenant_id = $1 AND account_id = $2 AND ${column} IS NOT NULL`,
        [tenantId, id],
      );
      await tx.execute(
        `INSERT INTO stream_account_scope (tenant_id, account_id, ${column}) SELECT $1, $2, unnest($3::uuid[])`,
        [tenantId, id, ids],
      );
    }
  }

  async find(tx: Transaction, tenantId: string, id: string): Promise<StreamAccountRow | undefined> {
    const row = await tx.one<Row>(`${SELECT} WHERE a.tenant_id = $1 AND a.id = $2`, [tenantId, id]);
    return row && toAccount(row);
  }

  /** Oldest first, the revoked ones too. */
  async list(tx: Transaction, tenantId: string, { limit, cursor }: PageRequest): Promise<Page<StreamAccountRow>> {
    const rows = await tx.query<Row>(
      `${SELECT}
        WHERE a.tenant_id = $1 AND ($2::timestamptz IS NULL OR (a.created_at, a.id) > ($2::timestamptz, $3::uuid))
        ORDER BY a.created_at, a.id LIMIT $4`,
      [tenantId, cursor?.at, cursor?.id, limit + 1],
    );
    return pageOf(rows, limit, toAccount);
  }

  /** Until the transaction ends nobody else changes it. @returns false when it is not there */
  async lock(tx: Transaction, tenantId: string, id: string): Promise<boolean> {
    const row = await tx.one('SELECT FROM stream_account WHERE tenant_id = $1 AND id = $2 FOR UPDATE', [tenantId, id]);
    return row !== undefined;
  }

  /** @param endsStreams what it may has changed: whoever still may comes back at once */
  async change(
    tx: Transaction,
    tenantId: string,
    id: string,
    { name, usages, level, allowedCidrs, expiresAt }: StreamAccountChanges,
    endsStreams: boolean,
  ): Promise<void> {
    await tx.execute(
      `UPDATE stream_account SET name = coalesce($3, name), usages = coalesce($4, usages), level = coalesce($5, level),
              allowed_cidrs = coalesce($6, allowed_cidrs), expires_at = CASE WHEN $7 THEN $8::timestamptz ELSE expires_at END,
              version = version + $9::boolean::integer, updated_at = now()
        WHERE tenant_id = $1 AND id = $2`,
      [tenantId, id, name, usages, level, allowedCidrs, expiresAt !== undefined, expiresAt, endsStreams],
    );
  }

  /** Streams that began with the password before end. */
  async rotate(tx: Transaction, tenantId: string, id: string, secret: string): Promise<void> {
    await tx.execute(
      `UPDATE stream_account SET secret = $3, version = version + 1, password_set_at = now(), updated_at = now()
        WHERE tenant_id = $1 AND id = $2`,
      [tenantId, id, secret],
    );
  }

  /** @returns true when this call revoked it; a second call changes nothing */
  async revoke(tx: Transaction, tenantId: string, id: string): Promise<boolean> {
    const rows = await tx.query(
      `UPDATE stream_account SET revoked_at = now(), updated_at = now(), version = version + 1
        WHERE tenant_id = $1 AND id = $2 AND revoked_at IS NULL RETURNING id`,
      [tenantId, id],
    );
    return rows.length === 1;
  }

  /** Those of the tenant with these ids, that their sites report. */
  cameras(tx: Transaction, tenantId: string, cameraIds: readonly string[]): Promise<ScopeCamera[]> {
    return tx.query<ScopeCamera>(
      `SELECT camera_id AS "cameraId", site_label AS "siteLabel", path, name FROM stream_camera_directory
        WHERE tenant_id = $1 AND camera_id = ANY ($2::uuid[])`,
      [tenantId, cameraIds],
    );
  }

  /** What an account may watch now, in the order of the URLs. */
  camerasInScope(tx: Transaction, tenantId: string, id: string, limit: number): Promise<ScopeCamera[]> {
    return tx.query<ScopeCamera>(
      `SELECT d.camera_id AS "cameraId", d.site_label AS "siteLabel", d.path, d.name FROM stream_camera_directory d
        WHERE d.tenant_id = $1 AND EXISTS (SELECT FROM stream_account_scope c
          WHERE c.tenant_id = $1 AND c.account_id = $2 AND (c.camera_id = d.camera_id OR c.site_id = d.site_id))
        ORDER BY d.site_label, d.path LIMIT $3`,
      [tenantId, id, limit],
    );
  }

  /** @returns how many of these are sites of the tenant */
  async countSites(tx: Transaction, tenantId: string, siteIds: readonly string[]): Promise<number> {
    const row = await tx.one<{ sites: number }>(
      'SELECT count(*)::integer AS sites FROM site WHERE tenant_id = $1 AND id = ANY ($2::uuid[])',
      [tenantId, siteIds],
    );
    return row?.sites ?? 0;
  }
}
