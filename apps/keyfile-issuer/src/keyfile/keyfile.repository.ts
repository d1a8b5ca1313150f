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
  revoked_by: string | null;
  revoke_reason: string | null;
  downloaded_at: Date | null;
  downloaded_by: string | null;
  closed_at: Date | null;
  closed_from: string | null;
  sealed: boolean;
  regenerates: string | null;
}

export type KeyfilePurpose = 'enrol' | 'return';

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
  sealed: boolean;
  /** Whom the content goes to at once; null when it is kept for a download. */
  downloadedBy: string | null;
  /** The site's present agent goes when this keyfile's has its first tunnel. */
  replacesAtEnrolment: boolean;
  /** Set where the agent is that of an earlier keyfile. */
  regenerates: string | null;
  /** `return` gives an agent that is there its next certificate. */
  purpose: KeyfilePurpose;
}

export interface KeyfileFilter {
  siteId: string | undefined;
  state: KeyfileState | undefined;
  after: KeyfilePosition | undefined;
  limit: number;
}

export interface Predecessor {
  state: string;
  purpose: KeyfilePurpose;
  siteId: string;
  agentId: string;
  siteName: string;
  replacesAtEnrolment: boolean;
  now: Date;
}

/** Where a page ends: the last row of it. */
export interface KeyfilePosition {
  issuedAt: string;
  keyfileId: string;
}

/** `expired` is never stored: it is what an unused keyfile is once the database's clock is past its end. */
const STATE = `CASE WHEN state = 'issued' AND expires_at <= now() THEN 'expired' ELSE state END`;
const COLUMNS = `id, site_id, agent_id, issued_at, issued_by, expires_at, claimed_at, claimed_from, redeemed_at, revoked_at,
  revoked_by, revoke_reason, downloaded_at, downloaded_by, closed_at, closed_from, sealed, regenerates, ${STATE} AS state`;

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
    if (keyfile.regenerates === null && keyfile.purpose === 'enrol') {
      await tx.query('INSERT INTO agent (id, tenant_id, site_id) VALUES ($1, $2, $3)', [agentId, tenantId, siteId]);
    }
    await tx.query(
      `INSERT INTO enrol_token (id, tenant_id, site_id, agent_id, token_hash, claim_spki, claim_spki_sha256,
         claim_serial, issued_at, issued_by, expires_at, sealed, downloaded_by, downloaded_at, replaces_at_enrolment, regenerates, purpose)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13::text, CASE WHEN $13::text IS NOT NULL THEN now() END, $14, $15, $16)`,
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
        keyfile.sealed,
        keyfile.downloadedBy,
        keyfile.replacesAtEnrolment,
        keyfile.regenerates,
        keyfile.purpose,
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
    { siteId, state, after, limit }: KeyfileFilter,
  ): Promise<KeyfileSummary[]> {
    const rows = await tx.query<Row>(
      `SELECT ${COLUMNS} FROM enrol_token WHERE tenant_id = $1 AND ($2::uuid IS NULL OR site_id = $2)
         AND ($3::timestamptz IS NULL OR (issued_at, id) < ($3, $4::uuid)) AND ($6::text IS NULL OR ${STATE} = $6)
       ORDER BY issued_at DESC, id DESC LIMIT $5`,
      [tenantId, siteId ?? null, after?.issuedAt ?? null, after?.keyfileId ?? null, limit, state ?? null],
    );
    return rows.map(toSummary);
  }

  /** Locked, with what a successor needs. */
  async lockForSuccessor(tx: Transaction, tenantId: string, keyfileId: string): Promise<Predecessor | undefined> {
    return tx.one<Predecessor>(
      `SELECT t.state, t.purpose, t.site_id AS "siteId", t.agent_id AS "agentId", t.replaces_at_enrolment AS "replacesAtEnrolment",
              s.name AS "siteName", now() AS now
         FROM enrol_token t JOIN site s ON s.id = t.site_id WHERE t.tenant_id = $1 AND t.id = $2 FOR UPDATE OF t`,
      [tenantId, keyfileId],
    );
  }

  /** The site of a keyfile that was issued to replace its agent at the enrolment. */
  async siteToReplace(tx: Transaction, tenantId: string, keyfileId: string): Promise<string | undefined> {
    const row = await tx.one<{ siteId: string }>(
      `SELECT site_id AS "siteId" FROM enrol_token WHERE tenant_id = $1 AND id = $2 AND replaces_at_enrolment`,
      [tenantId, keyfileId],
    );
    return row?.siteId;
  }

  /** @returns those that had not been handed out before */
  async markDownloaded(tx: Transaction, tenantId: string, keyfileIds: string[], by: string): Promise<string[]> {
    const rows = await tx.query<{ id: string }>(
      `UPDATE enrol_token SET downloaded_at = now(), downloaded_by = $3
        WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) AND downloaded_at IS NULL RETURNING id`,
      [tenantId, keyfileIds, by],
    );
    return rows.map(({ id }) => id);
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
    revokedBy: row.revoked_by,
    revokeReason: row.revoke_reason,
    downloadedAt: row.downloaded_at?.toISOString() ?? null,
    downloadedBy: row.downloaded_by,
    closedAt: row.closed_at?.toISOString() ?? null,
    closedFrom: row.closed_from,
    sealed: row.sealed,
    regenerates: row.regenerates,
  };
}
