import type { Transaction } from '../transaction.js';

export interface OutboxRow {
  seq: number;
  action: string;
}

/**
 * The audit as the outbox of webhooks. Numbers of a chain are given under the lock of its head, which is held until the
 * commit: rows become visible in their order, so that none appears behind a cursor.
 */
export class WebhookOutboxRepository {
  /** System-wide: tenants with audit that is not yet turned into deliveries. */
  async tenants(tx: Transaction): Promise<string[]> {
    const rows = await tx.query<{ tenant_id: string }>('SELECT tenant_id FROM webhook_audit_feed');
    return rows.map((row) => row.tenant_id);
  }

  /** The first webhook of a tenant is told what happens from then on. @param seq of the creation itself */
  async begin(tx: Transaction, tenantId: string, seq: number): Promise<void> {
    await tx.execute(
      `INSERT INTO webhook_cursor (tenant_id, seq) VALUES ($1, $2)
       ON CONFLICT (tenant_id) DO UPDATE SET seq = excluded.seq
         WHERE (SELECT count(*) FROM webhook WHERE tenant_id = $1) = 1`,
      [tenantId, seq],
    );
    await tx.execute(
      `INSERT INTO webhook_event_cursor (tenant_id, last_arrived_at)
       SELECT $1, coalesce((SELECT last_arrived_at FROM event_head WHERE tenant_id = $1), now())
       ON CONFLICT (tenant_id) DO UPDATE SET last_arrived_at = excluded.last_arrived_at
         WHERE (SELECT count(*) FROM webhook WHERE tenant_id = $1) = 1`,
      [tenantId],
    );
  }

  /** Locks the tenant's cursor. @returns the next rows of the audit; undefined while another process is at it */
  async next(tx: Transaction, tenantId: string, limit: number): Promise<OutboxRow[] | undefined> {
    const cursor = await tx.one<{ seq: string }>(
      'SELECT seq FROM webhook_cursor WHERE tenant_id = $1 FOR UPDATE SKIP LOCKED',
      [tenantId],
    );
    if (!cursor) return undefined;
    const rows = await tx.query<{ seq: string; action: string }>(
      'SELECT seq, action FROM audit_event WHERE chain = $1 AND seq > $2 ORDER BY seq LIMIT $3',
      [tenantId, cursor.seq, limit],
    );
    return rows.map(({ seq, action }) => ({ seq: Number(seq), action }));
  }

  /** Webhooks that are on, with what they want to hear. */
  async listeners(tx: Transaction, tenantId: string): Promise<{ id: string; events: string[] }[]> {
    return tx.query('SELECT id, events FROM webhook WHERE tenant_id = $1 AND enabled', [tenantId]);
  }

  async advance(tx: Transaction, tenantId: string, seq: number): Promise<void> {
    await tx.execute('UPDATE webhook_cursor SET seq = $2 WHERE tenant_id = $1', [tenantId, seq]);
  }
}
