import { type Page, pageOf, type PageRequest } from '../cursor.js';
import type { Transaction } from '../transaction.js';

export interface TunnelRow {
  siteId: string;
  siteLabel: string;
  sessionId: string;
  /** `stale`: open, but agent or broker has been silent for 15 s; it may still go on. */
  state: 'up' | 'stale' | 'down';
  since: Date;
  remoteAddress: string;
  agentVersion: string;
  platform: string;
  rttMs: number | null;
  clockSkewMs: number | null;
  brokerId: string;
  closeReason: string | null;
}

export interface TunnelHistoryRow {
  sessionId: string;
  openedAt: Date;
  closedAt: Date | null;
  closeReason: string | null;
  remoteAddress: string;
  agentVersion: string;
}

type Row<T> = T & { cursor_at: string; cursor_id: string };

/** The last sign of life: the agent's, unless its broker has been silent for longer. */
const SEEN = 'least(b.heartbeat_at, n.last_seen_at)';
const STATE = `CASE WHEN n.closed_at IS NOT NULL THEN 'down'
  WHEN b.state = 'stopped' OR ${SEEN} < now() - interval '15 seconds' THEN 'stale' ELSE 'up' END`;

/** The newest session of each site; one that is open goes before all that are closed. */
const SELECT = `
  SELECT s.id AS "siteId", s.label AS "siteLabel", t.*, s.created_at::text AS cursor_at, s.id AS cursor_id
    FROM site s JOIN LATERAL (
      SELECT n.id AS "sessionId", ${STATE} AS state,
             CASE ${STATE} WHEN 'down' THEN n.closed_at WHEN 'stale' THEN ${SEEN} ELSE n.opened_at END AS since,
             n.remote_address AS "remoteAddress", n.agent_version AS "agentVersion", n.platform, n.rtt_ms::float8 AS "rttMs",
             n.clock_skew_ms AS "clockSkewMs", n.broker_id AS "brokerId", n.close_reason AS "closeReason"
        FROM tunnel_session n JOIN broker b ON b.id = n.broker_id
       WHERE n.tenant_id = s.tenant_id AND n.site_id = s.id
       ORDER BY (n.closed_at IS NULL) DESC, n.epoch DESC LIMIT 1) t ON true`;

const withoutCursor = <T>({
  cursor_at: _at,
  cursor_id: _id,
  ...row
}: Row<T>): Omit<Row<T>, 'cursor_at' | 'cursor_id'> => row;

/** Reads what the brokers write; writes nothing. */
export class TunnelViewRepository {
  /** Sites that have connected at least once. */
  async list(tx: Transaction, tenantId: string, { limit, cursor }: PageRequest): Promise<Page<TunnelRow>> {
    const rows = await tx.query<Row<TunnelRow>>(
      `${SELECT}
        WHERE s.tenant_id = $1 AND ($2::timestamptz IS NULL OR (s.created_at, s.id) > ($2::timestamptz, $3::uuid))
        ORDER BY s.created_at, s.id LIMIT $4`,
      [tenantId, cursor?.at, cursor?.id, limit + 1],
    );
    return pageOf(rows, limit, withoutCursor);
  }

  async find(tx: Transaction, tenantId: string, siteId: string): Promise<TunnelRow | undefined> {
    const row = await tx.one<Row<TunnelRow>>(`${SELECT} WHERE s.tenant_id = $1 AND s.id = $2`, [tenantId, siteId]);
    return row && withoutCursor(row);
  }

  /** Newest first. */
  async history(
    tx: Transaction,
    tenantId: string,
    siteId: string,
    { limit, cursor }: PageRequest,
  ): Promise<Page<TunnelHistoryRow>> {
    const rows = await tx.query<Row<TunnelHistoryRow>>(
      `SELECT id AS "sessionId", opened_at AS "openedAt", closed_at AS "closedAt", close_reason AS "closeReason",
              remote_address AS "remoteAddress", agent_version AS "agentVersion", opened_at::text AS cursor_at, id AS cursor_id
         FROM tunnel_session
        WHERE tenant_id = $1 AND site_id = $2 AND ($3::timestamptz IS NULL OR (opened_at, id) < ($3::timestamptz, $4::uuid))
        ORDER BY opened_at DESC, id DESC LIMIT $5`,
      [tenantId, siteId, cursor?.at, cursor?.id, limit + 1],
    );
    return pageOf(rows, limit, withoutCursor);
  }
}
