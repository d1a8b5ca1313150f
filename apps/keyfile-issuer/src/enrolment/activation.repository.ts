import type { AgentState, CertificateState } from '@app/contracts';
import type { Transaction } from '@app/persistence';

export interface Activatable {
  serial: string;
  agentId: string;
  /** Null for a certificate that renews another. */
  keyfileId: string | null;
  state: CertificateState;
  agentState: AgentState;
  expired: boolean;
}

/** Rows are always locked in the order token, agent, certificate. */
export class ActivationRepository {
  async tenantOf(tx: Transaction, serial: string): Promise<string | undefined> {
    const sql = 'SELECT tenant_id AS "tenantId" FROM certificate_lookup WHERE serial = $1';
    return (await tx.one<{ tenantId: string }>(sql, [serial]))?.tenantId;
  }

  /** Token, agent and certificate as they are once nobody else can change them. */
  async lock(tx: Transaction, tenantId: string, serial: string): Promise<Activatable | undefined> {
    await tx.query(
      `SELECT t.id FROM enrol_token t JOIN certificate c ON c.enrol_token_id = t.id
        WHERE t.tenant_id = $1 AND c.serial = $2 FOR UPDATE OF t`,
      [tenantId, serial],
    );
    await tx.query(
      `SELECT a.id FROM agent a JOIN certificate c ON c.agent_id = a.id
        WHERE a.tenant_id = $1 AND c.serial = $2 FOR UPDATE OF a`,
      [tenantId, serial],
    );
    return tx.one<Activatable>(
      `SELECT c.serial, c.agent_id AS "agentId", c.enrol_token_id AS "keyfileId", c.state, a.state AS "agentState",
              c.not_after <= now() AS expired
         FROM certificate c JOIN agent a ON a.id = c.agent_id WHERE c.tenant_id = $1 AND c.serial = $2`,
      [tenantId, serial],
    );
  }

  /** The claim key is dead from here on. */
  async closeToken(tx: Transaction, tenantId: string, keyfileId: string): Promise<void> {
    await tx.query(
      `UPDATE enrol_token SET state = 'closed', closed_at = now() WHERE tenant_id = $1 AND id = $2 AND state = 'redeemed'`,
      [tenantId, keyfileId],
    );
  }

  async activateAgent(tx: Transaction, tenantId: string, agentId: string): Promise<void> {
    await tx.query(
      `UPDATE agent SET state = 'active', activated_at = now() WHERE tenant_id = $1 AND id = $2 AND state = 'pending'`,
      [tenantId, agentId],
    );
  }

  /** @returns serial of the certificate that was current; its grace begins */
  async supersede(tx: Transaction, tenantId: string, agentId: string): Promise<string | undefined> {
    const row = await tx.one<{ serial: string }>(
      `UPDATE certificate SET state = 'superseded', superseded_at = now()
        WHERE tenant_id = $1 AND agent_id = $2 AND state = 'current' RETURNING serial`,
      [tenantId, agentId],
    );
    return row?.serial;
  }

  async makeCurrent(tx: Transaction, tenantId: string, serial: string): Promise<void> {
    await tx.query(
      `UPDATE certificate SET state = 'current', activated_at = now() WHERE tenant_id = $1 AND serial = $2 AND state = 'pending'`,
      [tenantId, serial],
    );
  }
}
