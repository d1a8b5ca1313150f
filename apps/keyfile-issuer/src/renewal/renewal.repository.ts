import type { AgentState, CertificateState } from '@app/contracts';
import type { Transaction } from '@app/persistence';

/** The certificate that is to be renewed, its agent, and what renews it already. */
export interface Renewable {
  serial: string;
  agentId: string;
  state: CertificateState;
  agentState: AgentState;
  siteId: string;
  siteLabel: string;
  siteTlsSpki: Buffer | null;
  der: Buffer;
  expired: boolean;
  now: Date;
  successor: Successor | undefined;
}

export interface Successor {
  serial: string;
  spkiSha256: Buffer;
  der: Buffer;
  issuerChain: string;
}

export interface NewSuccessor extends Successor {
  agentId: string;
  renews: string;
  notBefore: Date;
  notAfter: Date;
}

/** Rows are always locked in the order token, agent, certificate. All time comparisons are the database's. */
export class RenewalRepository {
  async tenantOf(tx: Transaction, serial: string): Promise<string | undefined> {
    const sql = 'SELECT tenant_id AS "tenantId" FROM certificate_lookup WHERE serial = $1';
    return (await tx.one<{ tenantId: string }>(sql, [serial]))?.tenantId;
  }

  /** Renewals, activations and locks of one agent happen one after the other. */
  async lockAgent(tx: Transaction, tenantId: string, agentId: string): Promise<void> {
    await tx.query('SELECT id FROM agent WHERE tenant_id = $1 AND id = $2 FOR UPDATE', [tenantId, agentId]);
  }

  async find(tx: Transaction, tenantId: string, serial: string): Promise<Renewable | undefined> {
    const row = await tx.one<Omit<Renewable, 'successor'>>(
      `SELECT c.serial, c.agent_id AS "agentId", c.state, a.state AS "agentState", a.site_id AS "siteId",
              s.label AS "siteLabel", a.site_tls_spki AS "siteTlsSpki", c.der, c.not_after <= now() AS expired, now() AS now
         FROM certificate c JOIN agent a ON a.id = c.agent_id JOIN site s ON s.id = a.site_id WHERE c.tenant_id = $1 AND c.serial = $2`,
      [tenantId, serial],
    );
    if (row === undefined) return undefined;
    const successor = await tx.one<Successor>(
      `SELECT serial, spki_sha256 AS "spkiSha256", der, issuer_chain AS "issuerChain" FROM certificate
        WHERE tenant_id = $1 AND renews = $2 AND state <> 'revoked'`,
      [tenantId, serial],
    );
    return { ...row, successor };
  }

  async isKeyCertified(tx: Transaction, tenantId: string, spkiSha256: Buffer): Promise<boolean> {
    const sql = 'SELECT 1 AS found FROM certificate WHERE tenant_id = $1 AND spki_sha256 = $2';
    return (await tx.one(sql, [tenantId, spkiSha256])) !== undefined;
  }

  /** Does nothing where one of the unique indexes finds another: it is read back afterwards. */
  async insert(tx: Transaction, tenantId: string, row: NewSuccessor): Promise<void> {
    await tx.query(
      `INSERT INTO certificate (serial, tenant_id, agent_id, spki_sha256, renews, generation, der, issuer_chain, not_before, not_after)
       SELECT $1, $2, $3, $4, $5, max(generation) + 1, $6, $7, $8, $9 FROM certificate WHERE tenant_id = $2 AND agent_id = $3
       ON CONFLICT DO NOTHING`,
      [
        row.serial,
        tenantId,
        row.agentId,
        row.spkiSha256,
        row.renews,
        row.der,
        row.issuerChain,
        row.notBefore,
        row.notAfter,
      ],
    );
  }
}
