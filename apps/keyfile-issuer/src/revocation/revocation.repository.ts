import type { Transaction } from '@app/persistence';

export interface TokenOwner {
  keyfileId: string;
  agentId: string;
}

/** Rows are always locked in the order token, agent, certificate. */
export class RevocationRepository {
  /** Tokens of a site that are not revoked yet, locked. */
  async lockTokensOfSite(tx: Transaction, tenantId: string, siteId: string): Promise<TokenOwner[]> {
    return tx.query<TokenOwner>(
      `SELECT id AS "keyfileId", agent_id AS "agentId" FROM enrol_token
        WHERE tenant_id = $1 AND site_id = $2 AND state <> 'revoked' ORDER BY id FOR UPDATE`,
      [tenantId, siteId],
    );
  }

  async lockToken(tx: Transaction, tenantId: string, keyfileId: string): Promise<TokenOwner | undefined> {
    return tx.one<TokenOwner>(
      `SELECT id AS "keyfileId", agent_id AS "agentId" FROM enrol_token
        WHERE tenant_id = $1 AND id = $2 AND state <> 'revoked' FOR UPDATE`,
      [tenantId, keyfileId],
    );
  }

  /** Agents of a site that are not revoked yet. */
  async agentsOfSite(tx: Transaction, tenantId: string, siteId: string): Promise<string[]> {
    const rows = await tx.query<{ id: string }>(
      `SELECT id FROM agent WHERE tenant_id = $1 AND site_id = $2 AND state <> 'revoked' ORDER BY id FOR UPDATE`,
      [tenantId, siteId],
    );
    return rows.map(({ id }) => id);
  }

  async revokeToken(tx: Transaction, tenantId: string, keyfileId: string): Promise<void> {
    await tx.query(`UPDATE enrol_token SET state = 'revoked', revoked_at = now() WHERE tenant_id = $1 AND id = $2`, [
      tenantId,
      keyfileId,
    ]);
  }

  async revokeAgent(tx: Transaction, tenantId: string, agentId: string): Promise<void> {
    await tx.query(
      `UPDATE agent SET state = 'revoked', revoked_at = now() WHERE tenant_id = $1 AND id = $2 AND state <> 'revoked'`,
      [tenantId, agentId],
    );
  }

  /** Serials that were still worth something. */
  async revokeCertificates(tx: Transaction, tenantId: string, agentId: string): Promise<string[]> {
    const rows = await tx.query<{ serial: string }>(
      `UPDATE certificate SET state = 'revoked', revoked_at = now()
        WHERE tenant_id = $1 AND agent_id = $2 AND state <> 'revoked' RETURNING serial`,
      [tenantId, agentId],
    );
    return rows.map(({ serial }) => serial);
  }

  /** One row per certificate; the feed that brokers follow. @returns the newest `seq` */
  async append(
    tx: Transaction,
    entry: { tenantId: string; agentId: string; serials: string[]; reason: string },
  ): Promise<number> {
    const row = await tx.one<{ seq: string }>(
      `WITH added AS (INSERT INTO revocation (tenant_id, agent_id, serial, reason)
         SELECT $1, $2, serial, $4 FROM unnest($3::text[]) AS serial RETURNING seq)
       SELECT max(seq) AS seq FROM added`,
      [entry.tenantId, entry.agentId, entry.serials, entry.reason],
    );
    return Number(row?.seq ?? 0);
  }
}
