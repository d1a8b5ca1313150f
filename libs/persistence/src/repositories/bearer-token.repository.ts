import type { Transaction } from '../transaction.js';

export interface BearerIdentity {
  tokenId: string;
  tenantId: string;
  operatorId: string;
  username: string;
}

export class BearerTokenRepository {
  /** Who holds the token; undefined when it is unknown, revoked or over, or its operator disabled. By the view `bearer_lookup`. */
  async find(tx: Transaction, tokenHash: Buffer): Promise<BearerIdentity | undefined> {
    return tx.one<BearerIdentity>(
      `SELECT token_id AS "tokenId", tenant_id AS "tenantId", operator_id AS "operatorId", username
         FROM bearer_lookup WHERE token_hash = $1`,
      [tokenHash],
    );
  }

  async insert(
    tx: Transaction,
    tenantId: string,
    token: { operatorId: string; tokenHash: Buffer; lifetimeSeconds: number },
  ): Promise<{ id: string; expiresAt: Date }> {
    const row = await tx.one<{ id: string; expiresAt: Date }>(
      `INSERT INTO bearer_token (tenant_id, operator_id, token_hash, expires_at)
       VALUES ($1, $2, $3, now() + make_interval(secs => $4)) RETURNING id, expires_at AS "expiresAt"`,
      [tenantId, token.operatorId, token.tokenHash, token.lifetimeSeconds],
    );
    if (!row) throw new Error('INSERT answered no row');
    return row;
  }

  async revoke(tx: Transaction, tenantId: string, tokenId: string): Promise<void> {
    await tx.query(
      'UPDATE bearer_token SET revoked_at = now() WHERE tenant_id = $1 AND id = $2 AND revoked_at IS NULL',
      [tenantId, tokenId],
    );
  }

  /** Removes the operator's tokens that are over, and the oldest beyond `keep`. */
  async prune(tx: Transaction, tenantId: string, operatorId: string, keep: number): Promise<void> {
    await tx.query(
      `DELETE FROM bearer_token WHERE tenant_id = $1 AND operator_id = $2 AND (expires_at <= now() OR revoked_at IS NOT NULL
          OR id NOT IN (SELECT id FROM bearer_token WHERE tenant_id = $1 AND operator_id = $2 AND revoked_at IS NULL
                         ORDER BY created_at DESC, id LIMIT $3))`,
      [tenantId, operatorId, keep],
    );
  }
}
