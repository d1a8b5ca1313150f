import type { Transaction } from '@app/persistence';
import type { NewKeyfile } from '../keyfile/keyfile.repository.js';

/** Keyfiles by which an agent that is there gets its next certificate. */
export class ReturnRepository {
  /** Ids of those that are not used up, locked. */
  async lockOpen(tx: Transaction, tenantId: string, agentId: string): Promise<string[]> {
    const rows = await tx.query<{ id: string }>(
      `SELECT id FROM enrol_token WHERE tenant_id = $1 AND agent_id = $2 AND purpose = 'return'
          AND state IN ('issued', 'claimed', 'redeemed') ORDER BY id FOR UPDATE`,
      [tenantId, agentId],
    );
    return rows.map(({ id }) => id);
  }

  async insert(tx: Transaction, keyfile: NewKeyfile): Promise<void> {
    await tx.query(
      `INSERT INTO enrol_token (id, tenant_id, site_id, agent_id, token_hash, claim_spki, claim_spki_sha256, claim_serial,
         issued_at, issued_by, expires_at, purpose) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'return')`,
      [
        keyfile.keyfileId,
        keyfile.tenantId,
        keyfile.siteId,
        keyfile.agentId,
        keyfile.tokenHash,
        keyfile.claimSpki,
        keyfile.claimSpkiSha256,
        keyfile.claimSerial,
        keyfile.issuedAt,
        keyfile.issuedBy,
        keyfile.expiresAt,
      ],
    );
  }

  /** Of a renewal that never came to its use. @returns serials */
  async revokePending(tx: Transaction, tenantId: string, agentId: string): Promise<string[]> {
    const rows = await tx.query<{ serial: string }>(
      `UPDATE certificate SET state = 'revoked', revoked_at = now()
        WHERE tenant_id = $1 AND agent_id = $2 AND state = 'pending' RETURNING serial`,
      [tenantId, agentId],
    );
    return rows.map(({ serial }) => serial);
  }
}
