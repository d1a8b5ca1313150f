import type { AgentState } from '@app/contracts';
import { SUPERSEDED_GRACE, type Transaction } from '@app/persistence';

export interface AgentRow {
  agentId: string;
  siteId: string;
  siteName: string;
  state: AgentState;
  lockedAt: Date | null;
  now: Date;
}

const AGENT = `SELECT a.id AS "agentId", a.site_id AS "siteId", s.name AS "siteName", a.state, a.locked_at AS "lockedAt",
  now() AS now FROM agent a JOIN site s ON s.id = a.site_id WHERE a.tenant_id = $1 AND a.id = $2`;

/** Rows are always locked in the order token, agent, certificate. */
export class AgentRepository {
  find(tx: Transaction, tenantId: string, agentId: string): Promise<AgentRow | undefined> {
    return tx.one<AgentRow>(AGENT, [tenantId, agentId]);
  }

  lockRow(tx: Transaction, tenantId: string, agentId: string): Promise<AgentRow | undefined> {
    return tx.one<AgentRow>(`${AGENT} FOR UPDATE OF a`, [tenantId, agentId]);
  }

  async lock(tx: Transaction, tenantId: string, agentId: string, reason: string): Promise<void> {
    await tx.query(
      `UPDATE agent SET state = 'locked', locked_at = now(), lock_reason = $3
        WHERE tenant_id = $1 AND id = $2 AND state = 'active'`,
      [tenantId, agentId, reason],
    );
  }

  async unlock(tx: Transaction, tenantId: string, agentId: string): Promise<void> {
    await tx.query(
      `UPDATE agent SET state = 'active', locked_at = NULL, lock_reason = NULL
        WHERE tenant_id = $1 AND id = $2 AND state = 'locked'`,
      [tenantId, agentId],
    );
  }

  async tenantOfCertificate(tx: Transaction, serial: string): Promise<string | undefined> {
    const sql = 'SELECT tenant_id AS "tenantId" FROM certificate_lookup WHERE serial = $1';
    return (await tx.one<{ tenantId: string }>(sql, [serial]))?.tenantId;
  }

  /** Whether that certificate of the agent was superseded, and its grace is over. */
  async isStale(tx: Transaction, tenantId: string, agentId: string, serial: string): Promise<boolean> {
    const row = await tx.one(
      `SELECT 1 AS found FROM certificate WHERE tenant_id = $1 AND agent_id = $2 AND serial = $3
          AND state = 'superseded' AND superseded_at <= now() - interval '${SUPERSEDED_GRACE}'`,
      [tenantId, agentId, serial],
    );
    return row !== undefined;
  }
}
