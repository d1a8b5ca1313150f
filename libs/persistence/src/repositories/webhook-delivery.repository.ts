import { type Page, pageOf, type PageRequest } from '../cursor.js';
import type { Transaction } from '../transaction.js';

export interface WebhookDeliveryRow {
  id: string;
  webhookId: string;
  /** What `seq` is a number of. */
  source: 'audit' | 'event';
  /** The row of the audit that it tells of; of a site's event its arrival in microseconds since 1970. */
  seq: number;
  event: string;
  state: 'pending' | 'delivered' | 'failed';
  attempts: number;
  /** Null when there is none any more. */
  nextAttemptAt: Date | null;
  lastAttemptAt: Date | null;
  lastStatus: number | null;
  lastError: string | null;
  lastDurationMs: number | null;
  deliveredAt: Date | null;
  createdAt: Date;
}

/** One attempt that this process, and no other, may make now. */
export interface ClaimedDelivery {
  id: string;
  webhookId: string;
  attempts: number;
  event: string;
  /** Since the first attempt was due. */
  ageSeconds: number;
  url: string;
  /** Sealed; the second one while a rotation overlaps. */
  secrets: Buffer[];
  /** Of the audit row; of a site's event its id. Hex. */
  hash: string;
  /** The audit row itself, or the event in the same form. JSON. */
  body: string;
}

export interface AttemptOutcome {
  delivered: boolean;
  status: number | null;
  error: string | null;
  durationMs: number;
  /** Null: no further attempt. */
  retryAfterSeconds: number | null;
}

type Row = WebhookDeliveryRow & { seq: string; cursor_at: string; cursor_id: string };

const COLUMNS = `id, webhook_id AS "webhookId", source, seq, event, state, attempts,
  CASE state WHEN 'pending' THEN next_attempt_at END AS "nextAttemptAt", last_attempt_at AS "lastAttemptAt",
  last_status AS "lastStatus", last_error AS "lastError", last_duration_ms AS "lastDurationMs", delivered_at AS "deliveredAt",
  created_at AS "createdAt", created_at::text AS cursor_at, id AS cursor_id`;

const toDelivery = ({ cursor_at: _at, cursor_id: _id, seq, ...row }: Row): WebhookDeliveryRow => ({
  ...row,
  seq: Number(seq),
});

/** A site's event in the form of an audit row. */
const EVENT_BODY = `json_build_object('seq', due.seq, 'at', to_char(e.arrived_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
  'actor', 'site:' || e.site_id, 'action', due.event, 'subject', e.id, 'details', json_build_object('siteId', e.site_id,
  'type', e.type, 'sequence', e.sequence, 'sourceId', e.source_id, 'entityId', e.entity_id,
  'siteTime', to_char(e.site_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
  'occurrencePeriod', e.occurrence_period, 'details', e.details, 'detailsDropped', e.details_dropped))::text`;

/** What is to be told to webhooks, and the log of it. */
export class WebhookDeliveryRepository {
  /** System-wide: tenants with deliveries that are due. */
  async tenantsWithDue(tx: Transaction): Promise<string[]> {
    const rows = await tx.query<{ tenant_id: string }>('SELECT tenant_id FROM webhook_due_feed');
    return rows.map((row) => row.tenant_id);
  }

  /** System-wide: tenants with webhooks. */
  async tenants(tx: Transaction): Promise<string[]> {
    const rows = await tx.query<{ tenant_id: string }>('SELECT tenant_id FROM webhook_tenant_feed');
    return rows.map((row) => row.tenant_id);
  }

  /** System-wide. */
  async backlog(tx: Transaction): Promise<{ pending: number; oldestSeconds: number }> {
    const row = await tx.one<{ pending: number; oldestSeconds: number }>(
      'SELECT pending, oldest_seconds AS "oldestSeconds" FROM webhook_backlog_status',
    );
    return row ?? { pending: 0, oldestSeconds: 0 };
  }

  /** @returns undefined when it is there already */
  async insert(
    tx: Transaction,
    tenantId: string,
    { webhookId, source, seq, event }: Pick<WebhookDeliveryRow, 'webhookId' | 'source' | 'seq' | 'event'>,
  ): Promise<string | undefined> {
    const row = await tx.one<{ id: string }>(
      `INSERT INTO webhook_delivery (tenant_id, webhook_id, source, seq, event) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (webhook_id, source, seq) DO NOTHING RETURNING id`,
      [tenantId, webhookId, source, seq, event],
    );
    return row?.id;
  }

  /**
   * Takes what is due, a few of each webhook, so that a dead receiver holds up nobody else. Several processes never take
   * the same; what the taker does not report within the lease is due again.
   * @param busy webhooks that have enough under way
   */
  async claim(
    tx: Transaction,
    tenantId: string,
    { limit, each, leaseSeconds, busy }: { limit: number; each: number; leaseSeconds: number; busy: readonly string[] },
  ): Promise<ClaimedDelivery[]> {
    return tx.query<ClaimedDelivery>(
      `WITH due AS (
         SELECT d.id, d.source, d.seq, d.event FROM webhook w JOIN LATERAL (
           SELECT n.id, n.source, n.seq, n.event, n.next_attempt_at FROM webhook_delivery n
            WHERE n.webhook_id = w.id AND n.state = 'pending' AND n.next_attempt_at <= now()
            ORDER BY n.next_attempt_at LIMIT $3 FOR UPDATE SKIP LOCKED) d ON true
          WHERE w.tenant_id = $1 AND w.enabled AND w.id <> ALL ($5::uuid[])
          ORDER BY d.next_attempt_at LIMIT $2),
       told AS (
         SELECT due.id, encode(a.hash, 'hex') AS hash, a.body FROM due
           JOIN audit_event a ON due.source = 'audit' AND a.chain = $1 AND a.seq = due.seq
          UNION ALL
         SELECT due.id, replace(e.id::text, '-', ''), ${EVENT_BODY} FROM due
           JOIN event e ON due.source = 'event' AND e.tenant_id = $1
            AND e.arrived_at = timestamptz 'epoch' + due.seq * interval '1 microsecond')
       UPDATE webhook_delivery t SET attempts = t.attempts + 1, last_attempt_at = now(),
              next_attempt_at = now() + make_interval(secs => $4)
         FROM told, webhook w WHERE t.id = told.id AND w.id = t.webhook_id
       RETURNING t.id, t.webhook_id AS "webhookId", t.attempts, t.event, w.url, told.hash, told.body,
                 extract(epoch FROM now() - t.due_since)::float8 AS "ageSeconds",
                 CASE WHEN w.previous_secret_until > now() THEN ARRAY[w.secret, w.previous_secret] ELSE ARRAY[w.secret] END AS secrets`,
      [tenantId, limit, each, leaseSeconds, busy],
    );
  }

  /** @returns false when the attempt is not the last one any more: its lease had run out */
  async record(
    tx: Transaction,
    tenantId: string,
    { id, attempts }: Pick<ClaimedDelivery, 'id' | 'attempts'>,
    { delivered, status, error, durationMs, retryAfterSeconds }: AttemptOutcome,
  ): Promise<boolean> {
    const state = delivered ? 'delivered' : retryAfterSeconds === null ? 'failed' : 'pending';
    const rows = await tx.query(
      `UPDATE webhook_delivery SET state = $4, last_status = $5, last_error = $6, last_duration_ms = $7,
              delivered_at = CASE WHEN $4 = 'delivered' THEN now() END, next_attempt_at = now() + make_interval(secs => $8)
        WHERE tenant_id = $1 AND id = $2 AND attempts = $3 AND state = 'pending' RETURNING id`,
      [tenantId, id, attempts, state, status, error, Math.round(durationMs), retryAfterSeconds ?? 0],
    );
    return rows.length === 1;
  }

  /** An attempt that was cut off by the end of this process: it is due at once, and did not count. */
  async giveBack(tx: Transaction, tenantId: string, { id, attempts }: ClaimedDelivery): Promise<void> {
    await tx.execute(
      `UPDATE webhook_delivery SET next_attempt_at = now(), attempts = attempts - 1
        WHERE tenant_id = $1 AND id = $2 AND attempts = $3 AND state = 'pending'`,
      [tenantId, id, attempts],
    );
  }

  async abandon(tx: Transaction, tenantId: string, webhookId: string, error: string): Promise<void> {
    await tx.execute(
      `UPDATE webhook_delivery SET state = 'failed', last_error = $3
        WHERE tenant_id = $1 AND webhook_id = $2 AND state = 'pending'`,
      [tenantId, webhookId, error],
    );
  }

  async find(
    tx: Transaction,
    tenantId: string,
    webhookId: string,
    id: string,
  ): Promise<WebhookDeliveryRow | undefined> {
    const row = await tx.one<Row>(
      `SELECT ${COLUMNS} FROM webhook_delivery WHERE tenant_id = $1 AND webhook_id = $2 AND id = $3`,
      [tenantId, webhookId, id],
    );
    return row && toDelivery(row);
  }

  /** Newest first. */
  async list(
    tx: Transaction,
    tenantId: string,
    webhookId: string,
    { limit, cursor, state }: PageRequest & { state?: string | undefined },
  ): Promise<Page<WebhookDeliveryRow>> {
    const rows = await tx.query<Row>(
      `SELECT ${COLUMNS} FROM webhook_delivery
        WHERE tenant_id = $1 AND webhook_id = $2 AND ($3::timestamptz IS NULL OR (created_at, id) < ($3::timestamptz, $4::uuid))
          AND ($6::text IS NULL OR state = $6)
        ORDER BY created_at DESC, id DESC LIMIT $5`,
      [tenantId, webhookId, cursor?.at, cursor?.id, limit + 1, state],
    );
    return pageOf(rows, limit, toDelivery);
  }

  /** Sends again what has come to an end. @returns false when it is not there, still pending, or its event is over */
  async again(tx: Transaction, tenantId: string, webhookId: string, id: string): Promise<boolean> {
    const rows = await tx.query(
      `UPDATE webhook_delivery SET state = 'pending', delivered_at = NULL, next_attempt_at = now(), due_since = now()
        WHERE tenant_id = $1 AND webhook_id = $2 AND id = $3 AND state <> 'pending'
          AND (source = 'audit' OR EXISTS (SELECT FROM event e WHERE e.tenant_id = $1
            AND e.arrived_at = timestamptz 'epoch' + seq * interval '1 microsecond')) RETURNING id`,
      [tenantId, webhookId, id],
    );
    return rows.length === 1;
  }

  /** @returns how many */
  async prune(tx: Transaction, tenantId: string, days: number): Promise<number> {
    return tx.execute(
      `DELETE FROM webhook_delivery
        WHERE tenant_id = $1 AND state <> 'pending' AND created_at < now() - make_interval(days => $2)`,
      [tenantId, days],
    );
  }
}
