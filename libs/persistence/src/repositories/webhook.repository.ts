import { type Page, pageOf, type PageRequest } from '../cursor.js';
import type { Transaction } from '../transaction.js';

export interface WebhookRow {
  id: string;
  url: string;
  description: string;
  events: string[];
  enabled: boolean;
  disabledReason: string | null;
  failingSince: Date | null;
  previousSecretUntil: Date | null;
  createdAt: Date;
  updatedAt: Date;
}

export interface NewWebhook {
  id: string;
  url: string;
  description: string;
  events: readonly string[];
  /** Sealed. */
  secret: Buffer;
}

export interface WebhookChanges {
  url?: string | undefined;
  description?: string | undefined;
  events?: readonly string[] | undefined;
  enabled?: boolean | undefined;
}

type Row = WebhookRow & { cursor_at: string; cursor_id: string };

const COLUMNS = `id, url, description, events, enabled, disabled_reason AS "disabledReason", failing_since AS "failingSince",
  CASE WHEN previous_secret_until > now() THEN previous_secret_until END AS "previousSecretUntil",
  created_at AS "createdAt", updated_at AS "updatedAt", created_at::text AS cursor_at, id AS cursor_id`;

const toWebhook = ({ cursor_at: _at, cursor_id: _id, ...row }: Row): WebhookRow => row;

/** The endpoints of a tenant that are told what happens. */
export class WebhookRepository {
  async count(tx: Transaction, tenantId: string): Promise<number> {
    // Creations of one tenant queue, so that the count holds.
    await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 5501))', [tenantId]);
    const row = await tx.one<{ webhooks: number }>(
      'SELECT count(*)::integer AS webhooks FROM webhook WHERE tenant_id = $1',
      [tenantId],
    );
    return row?.webhooks ?? 0;
  }

  async insert(tx: Transaction, tenantId: string, { id, url, description, events, secret }: NewWebhook): Promise<void> {
    await tx.execute(
      'INSERT INTO webhook (id, tenant_id, url, description, events, secret) VALUES ($1, $2, $3, $4, $5, $6)',
      [id, tenantId, url, description, events, secret],
    );
  }

  async find(tx: Transaction, tenantId: string, id: string): Promise<WebhookRow | undefined> {
    const row = await tx.one<Row>(`SELECT ${COLUMNS} FROM webhook WHERE tenant_id = $1 AND id = $2`, [tenantId, id]);
    return row && toWebhook(row);
  }

  /** Oldest first. */
  async list(tx: Transaction, tenantId: string, { limit, cursor }: PageRequest): Promise<Page<WebhookRow>> {
    const rows = await tx.query<Row>(
      `SELECT ${COLUMNS} FROM webhook
        WHERE tenant_id = $1 AND ($2::timestamptz IS NULL OR (created_at, id) > ($2::timestamptz, $3::uuid))
        ORDER BY created_at, id LIMIT $4`,
      [tenantId, cursor?.at, cursor?.id, limit + 1],
    );
    return pageOf(rows, limit, toWebhook);
  }

  /** Until the transaction ends nobody else changes it. @returns false when it is not there */
  async lock(tx: Transaction, tenantId: string, id: string): Promise<boolean> {
    const row = await tx.one('SELECT FROM webhook WHERE tenant_id = $1 AND id = $2 FOR UPDATE', [tenantId, id]);
    return row !== undefined;
  }

  /** One that is switched on again has a clean record. */
  async change(tx: Transaction, tenantId: string, id: string, changes: WebhookChanges): Promise<void> {
    await tx.execute(
      `UPDATE webhook SET url = coalesce($3, url), description = coalesce($4, description), events = coalesce($5, events),
              enabled = coalesce($6, enabled), updated_at = now(),
              disabled_reason = CASE WHEN $6 THEN NULL WHEN NOT $6 THEN coalesce(disabled_reason, 'operator') ELSE disabled_reason END,
              failing_since = CASE WHEN $6 OR $3::text IS NOT NULL THEN NULL ELSE failing_since END
        WHERE tenant_id = $1 AND id = $2`,
      [tenantId, id, changes.url, changes.description, changes.events, changes.enabled],
    );
  }

  /** The old secret signs beside the new one for a while. @returns false when it is not there */
  async rotate(
    tx: Transaction,
    tenantId: string,
    id: string,
    { secret, overlapSeconds }: { secret: Buffer; overlapSeconds: number },
  ): Promise<boolean> {
    const rows = await tx.query(
      `UPDATE webhook SET previous_secret = secret, previous_secret_until = now() + make_interval(secs => $4), secret = $3,
              updated_at = now() WHERE tenant_id = $1 AND id = $2 RETURNING id`,
      [tenantId, id, secret, overlapSeconds],
    );
    return rows.length === 1;
  }

  /** With its deliveries. */
  async remove(tx: Transaction, tenantId: string, id: string): Promise<void> {
    await tx.execute('DELETE FROM webhook WHERE tenant_id = $1 AND id = $2', [tenantId, id]);
  }

  /** What waits for it will not be sent. @returns false when it was off already */
  async disable(tx: Transaction, tenantId: string, id: string, reason: string): Promise<boolean> {
    const rows = await tx.query(
      `UPDATE webhook SET enabled = false, disabled_reason = $3, updated_at = now()
        WHERE tenant_id = $1 AND id = $2 AND enabled RETURNING id`,
      [tenantId, id, reason],
    );
    return rows.length === 1;
  }

  /** Notes how the last attempt ended. @returns how long all have failed, in seconds; 0 after a success */
  async noteOutcome(tx: Transaction, tenantId: string, id: string, delivered: boolean): Promise<number> {
    const row = await tx.one<{ seconds: number }>(
      `UPDATE webhook SET failing_since = CASE WHEN $3::boolean THEN NULL ELSE coalesce(failing_since, now()) END
        WHERE tenant_id = $1 AND id = $2 AND (failing_since IS NULL) <> $3::boolean
       RETURNING 0 AS seconds`,
      [tenantId, id, delivered],
    );
    if (row !== undefined || delivered) return 0;
    const failing = await tx.one<{ seconds: number | null }>(
      `SELECT extract(epoch FROM now() - failing_since)::float8 AS seconds FROM webhook WHERE tenant_id = $1 AND id = $2`,
      [tenantId, id],
    );
    return failing?.seconds ?? 0;
  }
}
