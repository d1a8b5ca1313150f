import type { Transaction } from '@app/persistence';

export type TokenState = 'issued' | 'claimed' | 'redeemed' | 'closed' | 'revoked';

export interface TokenRow {
  state: TokenState;
  /** `return`: for an agent that is there. */
  purpose: 'enrol' | 'return';
  siteId: string;
  siteLabel: string;
  agentId: string;
  tokenHash: Buffer;
  claimSpki: Buffer;
  csrSpki: Buffer | null;
  claimedFrom: string | null;
  expired: boolean;
  now: Date;
}

export interface NewCertificate {
  serial: string;
  agentId: string;
  spkiSha256: Buffer;
  der: Buffer;
  issuerChain: string;
  notBefore: Date;
  notAfter: Date;
}

/** PEM of the issuer is stored with each certificate, so that a retry after a rotation still gets the same bytes. */
export interface StoredCertificate {
  der: Buffer;
  issuerChain: string;
}

/** A certificate whose key may prove who returns. */
export interface Identity {
  serial: string;
  der: Buffer;
}

/** Each costs the verification of a signature: two years of renewals. */
const SUPERSEDED_KNOWN = 12;

const TOKEN = `SELECT state, purpose, site_id AS "siteId",
  (SELECT label FROM site WHERE id = site_id) AS "siteLabel", agent_id AS "agentId", token_hash AS "tokenHash", claim_spki AS "claimSpki",
  csr_spki AS "csrSpki", claimed_from AS "claimedFrom", expires_at <= now() AS expired, now() AS now
  FROM enrol_token WHERE tenant_id = $1 AND id = $2`;

/** Rows are always locked in the order token, agent, certificate. All time comparisons are the database's. */
export class EnrolmentRepository {
  async tenantOfKeyfile(tx: Transaction, keyfileId: string): Promise<string | undefined> {
    const sql = 'SELECT tenant_id AS "tenantId" FROM keyfile_lookup WHERE keyfile_id = $1';
    return (await tx.one<{ tenantId: string }>(sql, [keyfileId]))?.tenantId;
  }

  findToken(tx: Transaction, tenantId: string, keyfileId: string): Promise<TokenRow | undefined> {
    return tx.one<TokenRow>(TOKEN, [tenantId, keyfileId]);
  }

  lockToken(tx: Transaction, tenantId: string, keyfileId: string): Promise<TokenRow | undefined> {
    return tx.one<TokenRow>(`${TOKEN} FOR UPDATE`, [tenantId, keyfileId]);
  }

  /** The one decision who has the keyfile: of any number of contenders exactly one gets true. */
  async claim(
    tx: Transaction,
    claim: { tenantId: string; keyfileId: string; csrSpki: Buffer; from: string },
  ): Promise<boolean> {
    const row = await tx.one(
      `UPDATE enrol_token SET state = 'claimed', claimed_at = now(), claimed_from = $4, csr_spki = $3
        WHERE tenant_id = $1 AND id = $2 AND state = 'issued' AND expires_at > now() RETURNING id`,
      [claim.tenantId, claim.keyfileId, claim.csrSpki, claim.from],
    );
    return row !== undefined;
  }

  async isKeyCertified(tx: Transaction, tenantId: string, spkiSha256: Buffer, keyfileId: string): Promise<boolean> {
    const row = await tx.one(
      `SELECT 1 AS found FROM certificate WHERE tenant_id = $1 AND spki_sha256 = $2 AND enrol_token_id IS DISTINCT FROM $3`,
      [tenantId, spkiSha256, keyfileId],
    );
    return row !== undefined;
  }

  findCertificate(tx: Transaction, tenantId: string, keyfileId: string): Promise<StoredCertificate | undefined> {
    return tx.one<StoredCertificate>(
      'SELECT der, issuer_chain AS "issuerChain" FROM certificate WHERE tenant_id = $1 AND enrol_token_id = $2',
      [tenantId, keyfileId],
    );
  }

  /** No conflict target: the unique indexes are several, and any of them means that a certificate is there already. */
  async insertCertificate(tx: Transaction, tenantId: string, keyfileId: string, row: NewCertificate): Promise<void> {
    await tx.query(
      `INSERT INTO certificate (serial, tenant_id, agent_id, spki_sha256, enrol_token_id, generation, der, issuer_chain,
         not_before, not_after)
       SELECT $1, $2, $3, $4, $5, coalesce(max(generation), 0) + 1, $6, $7, $8, $9
         FROM certificate WHERE tenant_id = $2 AND agent_id = $3 ON CONFLICT DO NOTHING`,
      [
        row.serial,
        tenantId,
        row.agentId,
        row.spkiSha256,
        keyfileId,
        row.der,
        row.issuerChain,
        row.notBefore,
        row.notAfter,
      ],
    );
  }

  async markRedeemed(tx: Transaction, tenantId: string, keyfileId: string): Promise<void> {
    await tx.query(
      `UPDATE enrol_token SET state = 'redeemed', redeemed_at = now() WHERE tenant_id = $1 AND id = $2 AND state = 'claimed'`,
      [tenantId, keyfileId],
    );
  }

  async setSiteKey(tx: Transaction, tenantId: string, agentId: string, siteTlsSpki: Buffer): Promise<void> {
    await tx.query(`UPDATE agent SET site_tls_spki = $3 WHERE tenant_id = $1 AND id = $2 AND state = 'pending'`, [
      tenantId,
      agentId,
      siteTlsSpki,
    ]);
  }

  /** The agent's certificate and the one that renews it: two at most. */
  identitiesOf(tx: Transaction, tenantId: string, agentId: string): Promise<Identity[]> {
    return tx.query<Identity>(
      `SELECT serial, der FROM certificate WHERE tenant_id = $1 AND agent_id = $2
          AND (state = 'current' OR state = 'pending' AND renews IS NOT NULL)`,
      [tenantId, agentId],
    );
  }

  /** Those that the agent has replaced, newest first. */
  supersededOf(tx: Transaction, tenantId: string, agentId: string): Promise<Identity[]> {
    return tx.query<Identity>(
      `SELECT serial, der FROM certificate WHERE tenant_id = $1 AND agent_id = $2 AND state = 'superseded'
        ORDER BY generation DESC LIMIT ${SUPERSEDED_KNOWN}`,
      [tenantId, agentId],
    );
  }

  async lockAgent(tx: Transaction, tenantId: string, agentId: string): Promise<void> {
    await tx.query('SELECT id FROM agent WHERE tenant_id = $1 AND id = $2 FOR UPDATE', [tenantId, agentId]);
  }
}
