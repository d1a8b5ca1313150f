import type { Transaction } from '@app/persistence';

/** Keyfiles by which an agent that is there gets its next certificate. */
export class ReturnRepository {
  /** Ids of those that are not used up, locked. */
  async lockOpen(tx: Transaction, tenantId: string, agentId: string): Promise<string[]> {
    const rows = await tx.query<{ id: string }>(
      `SELECT id FROM enrol_token WHERE tenant_id = $1 AND agent_id = $2 AND purpose = 'return'
          AND state IN ('issued', 'claimed', 'redeemed') ORDER BY id FOR UPDATE`,
      [tenantId, agentId],
    );
    return rows.map(({ id }) => id);
  }
}
