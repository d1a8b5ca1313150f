import type { Transaction } from '@app/persistence';

export interface TokenOwner {
  keyfileId: string;
  agentId: string;
  /** It is for the return of an agent that has its identity from another keyfile, and was not used for that yet. */
  openReturn: boolean;
}

/** Which of the certificates that were never used. */
export type PendingOf = 'renewal' | 'any';

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

  /** Tokens of a site that no agent in service came of, locked. */
  async lockUnusedTokensOfSite(tx: Transaction, tenantId: string, siteId: string): Promise<TokenOwner[]> {
    return tx.query<TokenOwner>(
      `SELECT t.id AS "keyfileId", t.agent_id AS "agentId", false AS "openReturn" FROM enrol_token t JOIN agent a ON a.id = t.agent_id
        WHERE t.tenant_id = $1 AND t.site_id = $2 AND t.state <> 'revoked' AND a.state = 'pending'
        ORDER BY t.id FOR UPDATE OF t`,
      [tenantId, siteId],
    );
  }

  /** Agents of a site that are not revoked yet, locked. */
  async agentsOfSite(tx: Transaction, tenantId: string, siteId: string): Promise<string[]> {
    const rows = await tx.query<{ id: string }>(
      `SELECT id FROM agent WHERE tenant_id = $1 AND site_id = $2 AND state <> 'revoked' ORDER BY id FOR UPDATE`,
      [tenantId, siteId],
    );
    return rows.map(({ id }) => id);
  }

  async isLive(tx: Transaction, tenantId: string, agentId: string): Promise<boolean> {
    const sql = `SELECT 1 AS found FROM agent WHERE tenant_id = $1 AND id = $2 AND state <> 'revoked'`;
    return (await tx.one(sql, [tenantId, agentId])) !== undefined;
  }

  async revokeToken(
    tx: Transaction,
    tenantId: string,
    keyfileId: string,
    cause: { actor: string; reason: string },
  ): Promise<void> {
    await tx.query(
      `UPDATE enrol_token SET state = 'revoked', revoked_at = now(), revoked_by = $3, revoke_reason = $4
        WHERE tenant_id = $1 AND id = $2`,
      [tenantId, keyfileId, cause.actor, cause.reason],
    );
  }

  /** @returns true when that ended it */
  async revokeAgent(tx: Transaction, tenantId: string, agentId: string): Promise<boolean> {
    const row = await tx.one(
      `UPDATE agent SET state = 'revoked', revoked_at = now(), locked_at = NULL, lock_reason = NULL
        WHERE tenant_id = $1 AND id = $2 AND state <> 'revoked' RETURNING id`,
      [tenantId, agentId],
    );
    return row !== undefined;
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

  /** Those that wait for their first use. @param of `renewal`: the one of a return stays. @returns as `revokeCertificates` */
  async revokePending(tx: Transaction, tenantId: string, agentId: string, of: PendingOf): Promise<string[]> {
    const rows = await tx.query<{ serial: string }>(
      `UPDATE certificate SET state = 'revoked', revoked_at = now()
        WHERE tenant_id = $1 AND agent_id = $2 AND state = 'pending' AND (renews IS NOT NULL OR $3 = 'any') RETURNING serial`,
      [tenantId, agentId, of],
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
