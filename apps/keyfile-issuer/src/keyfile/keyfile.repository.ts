import type { KeyfileState, KeyfileSummary } from '@app/contracts';
import type { Transaction } from '@app/persistence';

interface Row {
  id: string;
  site_id: string;
  agent_id: string;
  state: KeyfileState;
  issued_at: Date;
  issued_by: string;
  expires_at: Date;
  claimed_at: Date | null;
  claimed_from: string | null;
  redeemed_at: Date | null;
  revoked_at: Date | null;
}

export interface NewKeyfile {
  keyfileId: string;
  tenantId: string;
  siteId: string;
  agentId: string;
  tokenHash: Buffer;
  claimSpki: Buffer;
  claimSpkiSha256: Buffer;
  claimSerial: string;
  issuedAt: Date;
  issuedBy: string;
  expiresAt: Date;
}

/** Where a page ends: the last row of it. */
export interface KeyfilePosition {
  issuedAt: string;
  keyfileId: string;
}

/** `expired` is never stored: it is what an unused keyfile is once the database's clock is past its end. */
const COLUMNS = `id, site_id, agent_id, issued_at, issued_by, expires_at, claimed_at, claimed_from, redeemed_at, revoked_at,
  CASE WHEN state = 'issued' AND expires_at <= now() THEN 'expired' ELSE state END AS state`;

export class KeyfileRepository {
  /** Keyfiles of one site are issued one after the other. */
  async lockSite(tx: Transaction, tenantId: string, siteId: string): Promise<void> {
    await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`keyfile:${tenantId}:${siteId}`]);
  }

  async findSite(tx: Transaction, tenantId: string, siteId: string): Promise<{ name: string; now: Date } | undefined> {
    return tx.one('SELECT name, now() AS now FROM site WHERE tenant_id = $1 AND id = $2', [tenantId, siteId]);
  }

  /** Whether the site has an agent that a new keyfile would cut off. */
  async isEnrolled(tx: Transaction, tenantId: string, siteId: string): Promise<boolean> {
    const row = await tx.one<{ enrolled: boolean }>(
      `SELECT EXISTS (SELECT FROM agent WHERE tenant_id = $1 AND site_id = $2 AND state IN ('active', 'locked')) AS enrolled`,
      [tenantId, siteId],
    );
    return row?.enrolled === true;
  }

  async insert(tx: Transaction, keyfile: NewKeyfile): Promise<void> {
    const { tenantId, siteId, agentId } = keyfile;
    await tx.query('INSERT INTO agent (id, tenant_id, site_id) VALUES ($1, $2, $3)', [agentId, tenantId, siteId]);
    await tx.query(
      `INSERT INTO enrol_token (id, tenant_id, site_id, agent_id, token_hash, claim_spki, claim_spki_sha256,
         claim_serial, issued_at, issued_by, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
      [
        keyfile.keyfileId,
        tenantId,
        siteId,
        agentId,
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

  async find(tx: Transaction, tenantId: string, keyfileId: string): Promise<KeyfileSummary | undefined> {
    const sql = `SELECT ${COLUMNS} FROM enrol_token WHERE tenant_id = $1 AND id = $2`;
    const row = await tx.one<Row>(sql, [tenantId, keyfileId]);
    return row === undefined ? undefined : toSummary(row);
  }

  /** Newest first. */
  async list(
    tx: Transaction,
    tenantId: string,
    page: { siteId: string | undefined; after: KeyfilePosition | undefined; limit: number },
  ): Promise<KeyfileSummary[]> {
    const rows = await tx.query<Row>(
      `SELECT ${COLUMNS} FROM enrol_token WHERE tenant_id = $1 AND ($2::uuid IS NULL OR site_id = $2)
         AND ($3::timestamptz IS NULL OR (issued_at, id) < ($3, $4::uuid))
       ORDER BY issued_at DESC, id DESC LIMIT $5`,
      [tenantId, page.siteId ?? null, page.after?.issuedAt ?? null, page.after?.keyfileId ?? null, page.limit],
    );
    return rows.map(toSummary);
  }
}

function toSummary(row: Row): KeyfileSummary {
  return {
    keyfileId: row.id,
    siteId: row.site_id,
    agentId: row.agent_id,
    state: row.state,
    issuedAt: row.issued_at.toISOString(),
    issuedBy: row.issued_by,
    expiresAt: row.expires_at.toISOString(),
    claimedAt: row.claimed_at?.toISOString() ?? null,
    claimedFrom: row.claimed_from,
    redeemedAt: row.redeemed_at?.toISOString() ?? null,
    revokedAt: row.revoked_at?.toISOString() ?? null,
  };
}
