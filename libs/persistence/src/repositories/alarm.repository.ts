import { type Page, pageOf, type PageRequest } from '../cursor.js';
import type { SqlValue, Transaction } from '../transaction.js';

export type AlarmState = 'active' | 'acknowledged';
export type AlarmDelivery = 'none' | 'pending' | 'done' | 'refused' | 'unsupported';

export interface AlarmRow {
  id: string;
  siteId: string;
  /** Empty for the site itself. */
  sourceId: string;
  entityId: string | null;
  remoteAlarmId: string;
  raisedAt: Date;
  siteTime: Date | null;
  details: Record<string, unknown>;
  state: AlarmState;
  acknowledgedBy: string | null;
  acknowledgedAt: Date | null;
  /** Whether the site knows that it was acknowledged. */
  delivery: AlarmDelivery;
  deliveryReason: string | null;
}

/** What an event says of an alarm. */
export interface RaisedAlarm {
  id: string;
  sourceId: string;
  entityId: string | null;
  remoteAlarmId: string;
  siteTime: Date | null;
  details: Record<string, unknown>;
}

interface Owner {
  tenantId: string;
  siteId: string;
}

const COLUMNS = `id, site_id AS "siteId", source_id AS "sourceId", entity_id AS "entityId", remote_alarm_id AS "remoteAlarmId",
  raised_at AS "raisedAt", site_time AS "siteTime", details, state, acknowledged_by AS "acknowledgedBy",
  acknowledged_at AS "acknowledgedAt", delivery, delivery_reason AS "deliveryReason"`;

/** Alarms of one tenant. Federation alone writes them. */
export class AlarmRepository {
  /** Newest first. */
  async list(
    tx: Transaction,
    tenantId: string,
    { state, siteId }: { state?: AlarmState | undefined; siteId?: string | undefined },
    { limit, cursor }: PageRequest,
  ): Promise<Page<AlarmRow>> {
    const values: SqlValue[] = [tenantId, state, siteId, cursor?.at, cursor?.id, limit + 1];
    const rows = await tx.query<AlarmRow & { cursor_at: string; cursor_id: string }>(
      `SELECT ${COLUMNS}, raised_at::text AS cursor_at, id AS cursor_id FROM alarm
        WHERE tenant_id = $1 AND ($2::text IS NULL OR state = $2) AND ($3::uuid IS NULL OR site_id = $3)
          AND ($4::timestamptz IS NULL OR (raised_at, id) < ($4::timestamptz, $5::uuid))
        ORDER BY raised_at DESC, id DESC LIMIT $6`,
      values,
    );
    return pageOf(rows, limit, ({ cursor_at: _at, cursor_id: _id, ...row }) => row);
  }

  find(tx: Transaction, tenantId: string, id: string): Promise<AlarmRow | undefined> {
    return tx.one<AlarmRow>(`SELECT ${COLUMNS} FROM alarm WHERE tenant_id = $1 AND id = $2`, [tenantId, id]);
  }

  findForUpdate(tx: Transaction, tenantId: string, id: string): Promise<AlarmRow | undefined> {
    return tx.one<AlarmRow>(`SELECT ${COLUMNS} FROM alarm WHERE tenant_id = $1 AND id = $2 FOR UPDATE`, [tenantId, id]);
  }

  /** One that is active already stays the one it is. */
  async raise(tx: Transaction, { tenantId, siteId }: Owner, alarm: RaisedAlarm): Promise<void> {
    const { id, sourceId, entityId, remoteAlarmId, siteTime, details } = alarm;
    await tx.execute(
      `INSERT INTO alarm (id, tenant_id, site_id, source_id, entity_id, remote_alarm_id, raised_at, site_time, details)
       VALUES ($1, $2, $3, $4, $5, $6, clock_timestamp(), $7, $8::jsonb) ON CONFLICT DO NOTHING`,
      [id, tenantId, siteId, sourceId, entityId, remoteAlarmId, siteTime, JSON.stringify(details)],
    );
  }

  /** Somebody at the site has acknowledged it: there is nothing to tell. */
  async settleAtSite(
    tx: Transaction,
    { tenantId, siteId }: Owner,
    { sourceId, remoteAlarmId }: Pick<RaisedAlarm, 'sourceId' | 'remoteAlarmId'>,
    by: string,
  ): Promise<void> {
    await tx.execute(
      `UPDATE alarm SET state = 'acknowledged', acknowledged_by = $5, acknowledged_at = now()
        WHERE tenant_id = $1 AND site_id = $2 AND source_id = $3 AND remote_alarm_id = $4 AND state = 'active'`,
      [tenantId, siteId, sourceId, remoteAlarmId, by],
    );
  }

  /** Its site has to be told from now on. */
  async acknowledge(tx: Transaction, tenantId: string, id: string, by: string): Promise<void> {
    await tx.execute(
      `UPDATE alarm SET state = 'acknowledged', acknowledged_by = $3, acknowledged_at = now(), delivery = 'pending',
              next_attempt_at = now() WHERE tenant_id = $1 AND id = $2 AND state = 'active'`,
      [tenantId, id, by],
    );
  }

  /** System-wide: sites that have to be told now. */
  async dueSites(tx: Transaction): Promise<Owner[]> {
    return tx.query<Owner & object>('SELECT tenant_id AS "tenantId", site_id AS "siteId" FROM alarm_due_feed');
  }

  /** Oldest first. */
  due(tx: Transaction, { tenantId, siteId }: Owner, limit: number): Promise<AlarmRow[]> {
    return tx.query<AlarmRow>(
      `SELECT ${COLUMNS} FROM alarm WHERE tenant_id = $1 AND site_id = $2 AND delivery = 'pending' AND next_attempt_at <= now()
        ORDER BY acknowledged_at, id LIMIT $3`,
      [tenantId, siteId, limit],
    );
  }

  /** @returns false when it was settled in between */
  async settle(
    tx: Transaction,
    tenantId: string,
    id: string,
    delivery: Exclude<AlarmDelivery, 'none' | 'pending'>,
    reason: string | null,
  ): Promise<boolean> {
    const rows = await tx.query(
      `UPDATE alarm SET delivery = $3, delivery_reason = $4, next_attempt_at = NULL
        WHERE tenant_id = $1 AND id = $2 AND delivery = 'pending' RETURNING id`,
      [tenantId, id, delivery, reason],
    );
    return rows.length === 1;
  }

  async postpone(tx: Transaction, tenantId: string, id: string, seconds: number, reason: string): Promise<void> {
    await tx.execute(
      `UPDATE alarm SET next_attempt_at = now() + make_interval(secs => $3), delivery_reason = $4
        WHERE tenant_id = $1 AND id = $2 AND delivery = 'pending'`,
      [tenantId, id, seconds, reason],
    );
  }
}
