import type { Transaction } from '@app/persistence';
import { spkiSha256, type AgentHome } from '@app/pki';
import type { PresentedCertificate } from './presented-certificate.js';

export interface KnownAgent {
  siteId: string;
  siteLabel: string;
  state: 'pending' | 'active' | 'locked' | 'revoked';
}

/** The rows of an agent whose newest ones were lost. Locked in the order token, agent, certificate. */
export class LostAgentRepository {
  /** What concerns one site is put back one after the other. */
  async lockSite(tx: Transaction, tenantId: string, siteId: string): Promise<void> {
    await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`keyfile:${tenantId}:${siteId}`]);
  }

  findAgent(tx: Transaction, tenantId: string, agentId: string): Promise<KnownAgent | undefined> {
    return tx.one<KnownAgent>(
      `SELECT a.site_id AS "siteId", s.label AS "siteLabel", a.state FROM agent a JOIN site s ON s.id = a.site_id
        WHERE a.tenant_id = $1 AND a.id = $2`,
      [tenantId, agentId],
    );
  }

  async hasCertificate(tx: Transaction, tenantId: string, serial: string): Promise<boolean> {
    const sql = 'SELECT 1 AS found FROM certificate WHERE tenant_id = $1 AND serial = $2';
    return (await tx.one(sql, [tenantId, serial])) !== undefined;
  }

  /** Revoked after the backup, says the journal. */
  async isDenied(tx: Transaction, tenantId: string, agentId: string, serial: string): Promise<boolean> {
    const row = await tx.one(
      `SELECT 1 AS found FROM recovery_denied WHERE tenant_id = $1 AND agent_id = $2
        UNION ALL SELECT 1 FROM recovery_denied_certificate WHERE tenant_id = $1 AND serial = $3`,
      [tenantId, agentId, serial],
    );
    return row !== undefined;
  }

  /** Whether the agent, or another one of its site, holds a newer certificate. */
  async isOvertaken(
    tx: Transaction,
    tenantId: string,
    lost: { siteId: string; agentId: string; notBefore: Date },
  ): Promise<boolean> {
    const row = await tx.one(
      `SELECT 1 AS found FROM certificate c JOIN agent a ON a.tenant_id = c.tenant_id AND a.id = c.agent_id
        WHERE a.tenant_id = $1 AND a.site_id = $2 AND a.state <> 'revoked' AND c.state IN ('current', 'superseded')
          AND c.not_before > $3`,
      [tenantId, lost.siteId, lost.notBefore],
    );
    return row !== undefined;
  }

  /** Other agents of the site that are not revoked: a site has one, and this one came after them. */
  async othersOfSite(tx: Transaction, tenantId: string, siteId: string, agentId: string): Promise<string[]> {
    const rows = await tx.query<{ id: string }>(
      `SELECT id FROM agent WHERE tenant_id = $1 AND site_id = $2 AND id <> $3 AND state <> 'revoked' ORDER BY id`,
      [tenantId, siteId, agentId],
    );
    return rows.map(({ id }) => id);
  }

  /** @returns true when the site was unknown and is there now, under its own label while nobody else has it */
  async recoverSite(tx: Transaction, { tenantId, siteId, siteLabel }: AgentHome): Promise<boolean> {
    const sql = 'SELECT recover_site($1, $2, $3) AS made';
    return (await tx.one<{ made: boolean }>(sql, [tenantId, siteId, siteLabel]))?.made ?? false;
  }

  async insertAgent(tx: Transaction, home: AgentHome, agentId: string): Promise<void> {
    await tx.query(
      `INSERT INTO agent (id, tenant_id, site_id, state, site_tls_spki, activated_at) VALUES ($1, $2, $3, 'active', $4, now())`,
      [agentId, home.tenantId, home.siteId, home.siteTlsSpki],
    );
  }

  async activateAgent(tx: Transaction, tenantId: string, agentId: string, siteTlsSpki?: Buffer): Promise<void> {
    await tx.query(
      `UPDATE agent SET state = 'active', activated_at = coalesce(activated_at, now()), site_tls_spki = coalesce($3, site_tls_spki)
        WHERE tenant_id = $1 AND id = $2 AND state IN ('pending', 'active')`,
      [tenantId, agentId, siteTlsSpki],
    );
  }

  /** Its keyfile has served its purpose. @returns the keyfile that the certificate came from, when it is on record */
  async closeToken(tx: Transaction, tenantId: string, agentId: string, spki: Buffer): Promise<string | undefined> {
    const row = await tx.one<{ id: string }>(
      `UPDATE enrol_token SET state = 'closed', claimed_at = coalesce(claimed_at, now()), csr_spki = coalesce(csr_spki, $3),
              redeemed_at = coalesce(redeemed_at, now()), closed_at = now()
        WHERE tenant_id = $1 AND agent_id = $2 AND state IN ('issued', 'claimed', 'redeemed') RETURNING id`,
      [tenantId, agentId, spki],
    );
    if (row === undefined) return undefined;
    const used = await tx.one('SELECT 1 AS found FROM certificate WHERE enrol_token_id = $1', [row.id]);
    return used === undefined ? row.id : undefined;
  }

  async supersede(tx: Transaction, tenantId: string, agentId: string): Promise<void> {
    await tx.query(
      `UPDATE certificate SET state = 'superseded', superseded_at = now()
        WHERE tenant_id = $1 AND agent_id = $2 AND state IN ('current', 'pending')`,
      [tenantId, agentId],
    );
  }

  async insertCertificate(
    tx: Transaction,
    tenantId: string,
    lost: PresentedCertificate,
    keyfileId: string | undefined,
  ): Promise<void> {
    await tx.query(
      `INSERT INTO certificate (serial, tenant_id, agent_id, spki_sha256, enrol_token_id, generation, state, der, issuer_chain,
         not_before, not_after, activated_at, recovered_at)
       SELECT $1, $2, $3, $4, $5, coalesce(max(generation), 0) + 1, 'current', $6, $7, $8, $9, now(), now()
         FROM certificate WHERE tenant_id = $2 AND agent_id = $3`,
      [
        lost.serial,
        tenantId,
        lost.agentId,
        spkiSha256(lost.spki),
        keyfileId ?? null,
        lost.der,
        lost.issuerChain,
        lost.notBefore,
        lost.notAfter,
      ],
    );
  }
}
