import type { Transaction } from '@app/persistence';

export interface TokenOwner {
  keyfileId: string;
  agentId: string;
  /** It is for the return of an agent that has its identity from another keyfile, and was not used for that yet. */
  openReturn: boolean;
}

const OWNER = `id AS "keyfileId", agent_id AS "agentId", purpose = 'return' AND state <> 'closed' AS "openReturn"`;

/** Rows are always locked in the order token, agent, certificate. */
export class RevocationRepository {
  /** Tokens of a site that are not revoked yet, locked. */
  async lockTokensOfSite(tx: Transaction, tenantId: string, siteId: string): Promise<TokenOwner[]> {
    return tx.query<TokenOwner>(
      `SELECT ${OWNER} FROM enrol_token
        WHERE tenant_id = $1 AND site_id = $2 AND state <> 'revoked' ORDER BY id FOR UPDATE`,
      [tenantId, siteId],
    );
  }

  async lockTokensOfAgent(tx: Transaction, tenantId: string, agentId: string): Promise<TokenOwner[]> {
    return tx.query<TokenOwner>(
      `SELECT ${OWNER} FROM enrol_token
        WHERE tenant_id = $1 AND agent_id = $2 AND state <> 'revoked' ORDER BY id FOR UPDATE`,
      [tenantId, agentId],
    );
  }

  async lockToken(tx: Transaction, tenantId: string, keyfileId: string): Promise<TokenOwner | undefined> {
    return tx.one<TokenOwner>(
      `SELECT ${OWNER} FROM enrol_token
        WHERE tenant_id = $1 AND id = $2 AND state <> 'revoked' FOR UPDATE`,
      [tenantId, keyfileId],
    );
  }

  async revokeToken(tx: Transaction, tenantId: string, keyfileId: string): Promise<void> {
    await tx.query(`UPDATE enrol_token SET state = 'revoked', revoked_at = now() WHERE tenant_id = $1 AND id = $2`, [
      tenantId,
      keyfileId,
    ]);
  }

  async revokeAgent(tx: Transaction, tenantId: string, agentId: string): Promise<void> {
    await tx.query(
      `UPDATE agent SET state = 'revoked', revoked_at = now(), locked_at = NULL, lock_reason = NULL WHERE tenant_id = $1 AND id = $2 AND state <> 'revoked'`,
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

  /** What came of one keyfile alone. @returns as `revokeCertificates` */
  async revokeCertificatesOf(tx: Transaction, tenantId: string, keyfileId: string): Promise<string[]> {
    const rows = await tx.query<{ serial: string }>(
      `UPDATE certificate SET state = 'revoked', revoked_at = now()
        WHERE tenant_id = $1 AND enrol_token_id = $2 AND state <> 'revoked' RETURNING serial`,
      [tenantId, keyfileId],
    );
    return rows.map(({ serial }) => serial);
  }

  /** Everything of the agent ends, and nothing is taken back. @returns as `append` */
  async appendLock(tx: Transaction, tenantId: string, agentId: string, reason: string): Promise<number> {
    const row = await tx.one<{ seq: string }>(
      `INSERT INTO revocation (tenant_id, agent_id, reason, effect) VALUES ($1, $2, $3, 'locked') RETURNING seq`,
      [tenantId, agentId, reason],
    );
    return Number(row?.seq ?? 0);
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
