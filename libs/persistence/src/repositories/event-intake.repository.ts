import type { Transaction } from '../transaction.js';

/** One event as its site reported it, cut to size. */
export interface EventRecord {
  id: string;
  /** Of the site's store; up to 2^63 − 1. */
  sequence: bigint;
  type: string;
  sourceId: string | null;
  entityId: string | null;
  siteTime: Date | null;
  occurrencePeriod: 'online' | 'grace' | 'offline' | 'unknown';
  details: Record<string, unknown>;
  detailsDropped: boolean;
}

/** The store of one site. */
export interface EventStoreKey {
  tenantId: string;
  siteId: string;
  store: string;
}

/** Notified with the tenant's id when events have arrived. */
export const EVENTS_CHANNEL = 'events_arrived';

/** Writes the events of sites; the caller has opened the tenant's transaction. */
export class EventIntakeRepository {
  /** How far the site's store has been written here; 0 for one that is new. */
  async position(tx: Transaction, { tenantId, siteId, store }: EventStoreKey): Promise<bigint> {
    const row = await tx.one<{ sequence: string }>(
      'SELECT sequence FROM event_position WHERE tenant_id = $1 AND site_id = $2 AND store = $3',
      [tenantId, siteId, store],
    );
    return BigInt(row?.sequence ?? 0);
  }

  /** As `position`, held until the end of the transaction: whoever else has events of this store waits. */
  async lockPosition(tx: Transaction, { tenantId, siteId, store }: EventStoreKey): Promise<bigint> {
    await tx.execute(
      'INSERT INTO event_position (site_id, tenant_id, store, sequence) VALUES ($1, $2, $3, 0) ON CONFLICT DO NOTHING',
      [siteId, tenantId, store],
    );
    const row = await tx.one<{ sequence: string }>(
      'SELECT sequence FROM event_position WHERE tenant_id = $1 AND site_id = $2 AND store = $3 FOR UPDATE',
      [tenantId, siteId, store],
    );
    return BigInt(row?.sequence ?? 0);
  }

  async moveTo(tx: Transaction, { tenantId, siteId, store }: EventStoreKey, sequence: bigint): Promise<void> {
    await tx.execute(
      'UPDATE event_position SET sequence = $4, updated_at = now() WHERE tenant_id = $1 AND site_id = $2 AND store = $3',
      [tenantId, siteId, store, sequence],
    );
  }

  /** In their order. Holds the tenant's head until the commit, so that arrivals become visible in their order. */
  async append(
    tx: Transaction,
    { tenantId, siteId, store }: EventStoreKey,
    records: readonly EventRecord[],
  ): Promise<void> {
    if (records.length === 0) return;
    const rows = records.map((record, index) => ({ ...record, sequence: record.sequence.toString(), after: index }));
    await tx.execute(
      `WITH head AS (
         INSERT INTO event_head AS h (tenant_id, last_arrived_at)
         VALUES ($1, clock_timestamp() + $5 * interval '1 microsecond')
         ON CONFLICT (tenant_id) DO UPDATE SET last_arrived_at =
           greatest(clock_timestamp(), h.last_arrived_at + interval '1 microsecond') + $5 * interval '1 microsecond'
         RETURNING last_arrived_at - $5 * interval '1 microsecond' AS first)
       INSERT INTO event (tenant_id, arrived_at, id, site_id, store, sequence, type, source_id, entity_id, site_time,
                          occurrence_period, details, details_dropped)
       SELECT $1, head.first + x.after * interval '1 microsecond', x.id, $2, $3, x.sequence, x.type, x."sourceId", x."entityId",
              x."siteTime", x."occurrencePeriod", x.details, x."detailsDropped"
         FROM head, jsonb_to_recordset($4::jsonb) AS x(after integer, id uuid, sequence bigint, type text, "sourceId" text,
              "entityId" uuid, "siteTime" timestamptz, "occurrencePeriod" text, details jsonb, "detailsDropped" boolean)`,
      [tenantId, siteId, store, JSON.stringify(rows), records.length - 1],
    );
    await tx.notify(EVENTS_CHANNEL, tenantId);
  }

  /** System-wide: makes the weeks to come, drops those that are over. @returns how many of both */
  async keep(tx: Transaction, retentionDays: number, weeksAhead: number): Promise<{ made: number; dropped: number }> {
    // What a week takes in has no bound: events that arrived while nobody made weeks.
    await tx.query("SET LOCAL statement_timeout = '10min'");
    const row = await tx.one<{ made: number; dropped: number }>('SELECT made, dropped FROM event_keep($1, $2)', [
      retentionDays,
      weeksAhead,
    ]);
    return row ?? { made: 0, dropped: 0 };
  }
}
