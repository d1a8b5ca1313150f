import { type Page, pageOf, type PageRequest } from '../cursor.js';
import type { Transaction } from '../transaction.js';
import type { BearerIdentity } from './bearer-token.repository.js';

export interface ApiTokenIdentity extends BearerIdentity {
  scopes: string[];
  /** The time of its last use is due to be noted. */
  unnoted: boolean;
}

export interface ApiTokenRow {
  id: string;
  operatorId: string;
  name: string;
  scopes: string[];
  createdAt: Date;
  expiresAt: Date;
  lastUsedAt: Date | null;
  revokedAt: Date | null;
}

export interface NewApiToken {
  operatorId: string;
  name: string;
  tokenHash: Buffer;
  scopes: readonly string[];
  expiresAt: Date;
}

type Row = ApiTokenRow & { cursor_at: string; cursor_id: string };

const COLUMNS = `id, operator_id AS "operatorId", name, scopes, created_at AS "createdAt", expires_at AS "expiresAt",
  last_used_at AS "lastUsedAt", revoked_at AS "revokedAt", created_at::text AS cursor_at, id AS cursor_id`;

const toToken = ({ cursor_at: _at, cursor_id: _id, ...token }: Row): ApiTokenRow => token;

export class ApiTokenRepository {
  /** Who holds the token; undefined when it is unknown, revoked or over, or its operator disabled. By the view `api_token_lookup`. */
  async findIdentity(tx: Transaction, tokenHash: Buffer): Promise<ApiTokenIdentity | undefined> {
    return tx.one<ApiTokenIdentity>(
      `SELECT token_id AS "tokenId", tenant_id AS "tenantId", operator_id AS "operatorId", username, roles, scopes,
              expires_at AS "expiresAt", unnoted FROM api_token_lookup WHERE token_hash = $1`,
      [tokenHash],
    );
  }

  async insert(tx: Transaction, tenantId: string, token: NewApiToken): Promise<ApiTokenRow> {
    const row = await tx.one<Row>(
      `INSERT INTO api_token (tenant_id, operator_id, name, token_hash, scopes, expires_at) VALUES ($1, $2, $3, $4, $5, $6)
       RETURNING ${COLUMNS}`,
      [tenantId, token.operatorId, token.name, token.tokenHash, [...token.scopes], token.expiresAt],
    );
    if (!row) throw new Error('INSERT answered no row');
    return toToken(row);
  }

  async countLive(tx: Transaction, tenantId: string, operatorId: string): Promise<number> {
    const row = await tx.one<{ count: number }>(
      `SELECT count(*)::int AS count FROM api_token
        WHERE tenant_id = $1 AND operator_id = $2 AND revoked_at IS NULL AND expires_at > now()`,
      [tenantId, operatorId],
    );
    return row?.count ?? 0;
  }

  async find(tx: Transaction, tenantId: string, id: string): Promise<ApiTokenRow | undefined> {
    const row = await tx.one<Row>(`SELECT ${COLUMNS} FROM api_token WHERE tenant_id = $1 AND id = $2`, [tenantId, id]);
    return row && toToken(row);
  }

  /** Oldest first; those that are over or revoked stay as a record. */
  async list(
    tx: Transaction,
    tenantId: string,
    operatorId: string,
    { limit, cursor }: PageRequest,
  ): Promise<Page<ApiTokenRow>> {
    const rows = await tx.query<Row>(
      `SELECT ${COLUMNS} FROM api_token
        WHERE tenant_id = $1 AND operator_id = $2 AND ($3::timestamptz IS NULL OR (created_at, id) > ($3::timestamptz, $4::uuid))
        ORDER BY created_at, id LIMIT $5`,
      [tenantId, operatorId, cursor?.at, cursor?.id, limit + 1],
    );
    return pageOf(rows, limit, toToken);
  }

  async noteUse(tx: Transaction, tenantId: string, id: string): Promise<void> {
    await tx.query('UPDATE api_token SET last_used_at = now() WHERE tenant_id = $1 AND id = $2', [tenantId, id]);
  }

  /** @returns true when this call revoked it; a second call changes nothing */
  async revoke(tx: Transaction, tenantId: string, id: string): Promise<boolean> {
    const rows = await tx.query(
      'UPDATE api_token SET revoked_at = now() WHERE tenant_id = $1 AND id = $2 AND revoked_at IS NULL RETURNING id',
      [tenantId, id],
    );
    return rows.length === 1;
  }

  /** @returns how many it were */
  async revokeAll(tx: Transaction, tenantId: string, operatorId: string): Promise<number> {
    return tx.execute(
      'UPDATE api_token SET revoked_at = now() WHERE tenant_id = $1 AND operator_id = $2 AND revoked_at IS NULL',
      [tenantId, operatorId],
    );
  }
}
