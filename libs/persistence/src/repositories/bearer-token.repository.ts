import type { Transaction } from '../transaction.js';

export interface BearerIdentity {
  /** The session's or the API token's row. */
  tokenId: string;
  tenantId: string;
  operatorId: string;
  username: string;
  /** Of the operator, now. */
  roles: string[];
  expiresAt: Date;
}

export interface SessionIdentity extends BearerIdentity {
  viaCookie: boolean;
  /** The time of its last use is due to be noted. */
  unnoted: boolean;
}

export interface NewBearerToken {
  operatorId: string;
  tokenHash: Buffer;
  viaCookie: boolean;
  lifetimeSeconds: number;
  idleSeconds: number;
}

/** Sessions. */
export class BearerTokenRepository {
  /** Who holds the token; undefined when it is unknown, revoked, over or idle too long, or its operator disabled. By the view `bearer_lookup`. */
  async find(tx: Transaction, tokenHash: Buffer): Promise<SessionIdentity | undefined> {
    return tx.one<SessionIdentity>(
      `SELECT token_id AS "tokenId", tenant_id AS "tenantId", operator_id AS "operatorId", username, roles, via_cookie AS "viaCookie",
              expires_at AS "expiresAt", unnoted FROM bearer_lookup WHERE token_hash = $1`,
      [tokenHash],
    );
  }

  async insert(tx: Transaction, tenantId: string, token: NewBearerToken): Promise<{ id: string; expiresAt: Date }> {
    const row = await tx.one<{ id: string; expiresAt: Date }>(
      `INSERT INTO bearer_token (tenant_id, operator_id, token_hash, via_cookie, expires_at, idle_seconds)
       VALUES ($1, $2, $3, $4, now() + make_interval(secs => $5), $6) RETURNING id, expires_at AS "expiresAt"`,
      [tenantId, token.operatorId, token.tokenHash, token.viaCookie, token.lifetimeSeconds, token.idleSeconds],
    );
    if (!row) throw new Error('INSERT answered no row');
    return row;
  }

  async noteUse(tx: Transaction, tenantId: string, tokenId: string): Promise<void> {
    await tx.query('UPDATE bearer_token SET last_used_at = now() WHERE tenant_id = $1 AND id = $2', [
      tenantId,
      tokenId,
    ]);
  }

  async revoke(tx: Transaction, tenantId: string, tokenId: string): Promise<void> {
    await tx.query(
      'UPDATE bearer_token SET revoked_at = now() WHERE tenant_id = $1 AND id = $2 AND revoked_at IS NULL',
      [tenantId, tokenId],
    );
  }

  async isRevoked(tx: Transaction, tenantId: string, tokenId: string): Promise<boolean> {
    const row = await tx.one('SELECT FROM bearer_token WHERE tenant_id = $1 AND id = $2 AND revoked_at IS NOT NULL', [
      tenantId,
      tokenId,
    ]);
    return row !== undefined;
  }

  /** @param except a session that goes on. @returns how many it were */
  async revokeAll(tx: Transaction, tenantId: string, operatorId: string, except?: string): Promise<number> {
    return tx.execute(
      `UPDATE bearer_token SET revoked_at = now()
        WHERE tenant_id = $1 AND operator_id = $2 AND revoked_at IS NULL AND id IS DISTINCT FROM $3`,
      [tenantId, operatorId, except],
    );
  }

  /** Removes the operator's tokens that are over, and the oldest beyond `keep`. */
  async prune(tx: Transaction, tenantId: string, operatorId: string, keep: number): Promise<void> {
    await tx.query(
      `DELETE FROM bearer_token WHERE tenant_id = $1 AND operator_id = $2
          AND (expires_at <= now() OR revoked_at IS NOT NULL OR last_used_at + make_interval(secs => idle_seconds) <= now()
          OR id NOT IN (SELECT id FROM bearer_token WHERE tenant_id = $1 AND operator_id = $2 AND revoked_at IS NULL
                         ORDER BY created_at DESC, id LIMIT $3))`,
      [tenantId, operatorId, keep],
    );
  }
}
