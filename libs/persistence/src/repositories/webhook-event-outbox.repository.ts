import type { Transaction } from '../transaction.js';

/** An event of a site as webhooks are told of it. */
export interface EventOutboxRow {
  /** Its arrival in microseconds since 1970: the number of its deliveries. */
  seq: number;
  type: string;
}

/** Events of sites as an outbox of webhooks. They become visible in the order of their arrival, so that none appears behind the cursor. */
export class WebhookEventOutboxRepository {
  /** System-wide: tenants with webhooks, and with events that are not yet turned into deliveries. */
  async tenants(tx: Transaction): Promise<string[]> {
    const rows = await tx.query<{ tenant_id: string }>('SELECT tenant_id FROM webhook_event_feed');
    return rows.map((row) => row.tenant_id);
  }

  /** Locks the tenant's cursor. @returns the next events; undefined while another process is at it */
  async next(tx: Transaction, tenantId: string, limit: number): Promise<EventOutboxRow[] | undefined> {
    const cursor = await tx.one<{ at: string }>(
      'SELECT last_arrived_at::text AS at FROM webhook_event_cursor WHERE tenant_id = $1 FOR UPDATE SKIP LOCKED',
      [tenantId],
    );
    if (!cursor) return undefined;
    const rows = await tx.query<{ seq: string; type: string }>(
      `SELECT (extract(epoch FROM arrived_at) * 1000000)::bigint AS seq, type FROM event
        WHERE tenant_id = $1 AND arrived_at > $2::timestamptz ORDER BY arrived_at LIMIT $3`,
      [tenantId, cursor.at, limit],
    );
    return rows.map(({ seq, type }) => ({ seq: Number(seq), type }));
  }

  /** Nobody wants to hear of events: those that are there are passed over. Not while another process is at them. */
  async skip(tx: Transaction, tenantId: string): Promise<void> {
    await tx.execute(
      `UPDATE webhook_event_cursor SET last_arrived_at = (SELECT last_arrived_at FROM event_head WHERE tenant_id = $1)
        WHERE tenant_id = (SELECT tenant_id FROM webhook_event_cursor WHERE tenant_id = $1 FOR UPDATE SKIP LOCKED)`,
      [tenantId],
    );
  }

  async advance(tx: Transaction, tenantId: string, seq: number): Promise<void> {
    await tx.execute(
      `UPDATE webhook_event_cursor SET last_arrived_at = timestamptz 'epoch' + $2::bigint * interval '1 microsecond' WHERE tenant_id = $1`,
      [tenantId, seq],
    );
  }
}
