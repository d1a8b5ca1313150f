import type { Transaction } from '../transaction.js';

/** One caller's key; the key itself is not kept. */
export interface IdempotencyOwner {
  tenantId: string;
  caller: string;
  /** 32 bytes */
  keyDigest: Buffer;
}

/** What became of the first request with a key. */
export interface IdempotencyRecord {
  /** 32 bytes */
  requestDigest: Buffer;
  /** Null while it is under way. */
  answeredAt: Date | null;
  /** Null when it is not kept. */
  answerSealed: Buffer | null;
}

const KEPT = `interval '24 hours'`;

/** Keys of creations. A claim has a lease that its request renews: a process that dies frees the key. */
export class IdempotencyRepository {
  /** One of any number at once succeeds; a key that is over, or whose lease is, may be claimed again. */
  async claim(
    tx: Transaction,
    { tenantId, caller, keyDigest }: IdempotencyOwner,
    claim: { id: string; requestDigest: Buffer; leaseSeconds: number },
  ): Promise<boolean> {
    const rows = await tx.query(
      `INSERT INTO idempotency_key AS k (tenant_id, caller, key_digest, request_digest, claim_id, lease_until, expires_at)
       VALUES ($1, $2, $3, $4, $5, now() + make_interval(secs => $6), now() + ${KEPT})
       ON CONFLICT (tenant_id, caller, key_digest) DO UPDATE
         SET request_digest = EXCLUDED.request_digest, claim_id = EXCLUDED.claim_id, lease_until = EXCLUDED.lease_until,
             expires_at = EXCLUDED.expires_at, answered_at = NULL, answer_sealed = NULL
       WHERE k.expires_at <= clock_timestamp() OR (k.answered_at IS NULL AND k.lease_until <= clock_timestamp())
       RETURNING claim_id`,
      [tenantId, caller, keyDigest, claim.requestDigest, claim.id, claim.leaseSeconds],
    );
    return rows.length === 1;
  }

  async find(tx: Transaction, owner: IdempotencyOwner): Promise<IdempotencyRecord | undefined> {
    return tx.one<IdempotencyRecord>(
      `SELECT request_digest AS "requestDigest", answered_at AS "answeredAt", answer_sealed AS "answerSealed"
         FROM idempotency_key WHERE tenant_id = $1 AND caller = $2 AND key_digest = $3`,
      [owner.tenantId, owner.caller, owner.keyDigest],
    );
  }

  async renew(tx: Transaction, owner: IdempotencyOwner, claimId: string, leaseSeconds: number): Promise<void> {
    await tx.query(
      `UPDATE idempotency_key SET lease_until = now() + make_interval(secs => $5)
        WHERE tenant_id = $1 AND caller = $2 AND key_digest = $3 AND claim_id = $4 AND answered_at IS NULL`,
      [owner.tenantId, owner.caller, owner.keyDigest, claimId, leaseSeconds],
    );
  }

  /** @param answerSealed null: not kept */
  async complete(
    tx: Transaction,
    owner: IdempotencyOwner,
    claimId: string,
    answerSealed: Buffer | null,
  ): Promise<void> {
    await tx.query(
      `UPDATE idempotency_key SET answered_at = now(), answer_sealed = $5
        WHERE tenant_id = $1 AND caller = $2 AND key_digest = $3 AND claim_id = $4`,
      [owner.tenantId, owner.caller, owner.keyDigest, claimId, answerSealed],
    );
  }

  /** Frees the key of a request that has failed. */
  async release(tx: Transaction, owner: IdempotencyOwner, claimId: string): Promise<void> {
    await tx.query(
      'DELETE FROM idempotency_key WHERE tenant_id = $1 AND caller = $2 AND key_digest = $3 AND claim_id = $4',
      [owner.tenantId, owner.caller, owner.keyDigest, claimId],
    );
  }

  /** System-wide: removes what is over. @returns how many */
  async prune(tx: Transaction): Promise<number> {
    const row = await tx.one<{ pruned: number }>('SELECT prune_idempotency_keys() AS pruned');
    return row?.pruned ?? 0;
  }
}
