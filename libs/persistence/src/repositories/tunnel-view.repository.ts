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
  /** Of an open one: so far. */
  durationSeconds: number;
  brokerId: string;
  openedAt: Date;
  closedAt: Date | null;
  closeReason: string | null;
  remoteAddress: string;
  agentVersion: string;
}

export interface TunnelFilter {
  state?: TunnelRow['state'] | undefined;
  /** Part of the site's name or label, or of the agent's address or version; case does not matter. */
  text?: string | undefined;
}

/** Oldest site first, by label, or by what changed last. */
export type TunnelSort = 'created' | 'label' | '-since';

export interface AvailabilityRow {
  /** The range that counts: not before the site was made, not after now. */
  from: Date;
  to: Date;
  upSeconds: number;
  /** Times without a tunnel in it. */
  outages: number;
  longestOutageSeconds: number;
}

type Row<T> = T & { cursor_at: string; cursor_id: string };

/** The last sign of life: the agent's, unless its broker has been silent for longer. */
const SEEN = 'least(b.heartbeat_at, n.last_seen_at)';
const ENDED = `coalesce(n.closed_at, CASE WHEN b.state = 'stopped' OR ${SEEN} < now() - interval '15 seconds' THEN ${SEEN} ELSE now() END)`;
const STATE = `CASE WHEN n.closed_at IS NOT NULL THEN 'down'
  WHEN b.state = 'stopped' OR ${SEEN} < now() - interval '15 seconds' THEN 'stale' ELSE 'up' END`;

/** The newest session of each site; one that is open goes before all that are closed. */
const selectBy = (sortedBy: string): string => `
  SELECT s.id AS "siteId", s.label AS "siteLabel", t.*, (${sortedBy})::text AS cursor_at, s.id AS cursor_id
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

/** What a page is ordered by, and what comes after the cursor. A label never changes, so the site's id finds it again. */
const SORTS: Record<TunnelSort, { at: string; after: string; order: string }> = {
  created: {
    at: 's.created_at',
    after: '(s.created_at, s.id) > ($2::timestamptz, $3::uuid)',
    order: 's.created_at, s.id',
  },
  label: {
    at: 's.created_at',
    after: 's.label > (SELECT label FROM site WHERE tenant_id = $1 AND id = $3::uuid)',
    order: 's.label',
  },
  '-since': {
    at: 't.since',
    after: '(t.since, s.id) < ($2::timestamptz, $3::uuid)',
    order: 't.since DESC, s.id DESC',
  },
};

/** Reads what the brokers write; writes nothing. */
export class TunnelViewRepository {
  /** Sites that have connected at least once. */
  async list(
    tx: Transaction,
    tenantId: string,
    { limit, cursor }: PageRequest,
    { state, text }: TunnelFilter = {},
    sort: TunnelSort = 'created',
  ): Promise<Page<TunnelRow>> {
    const { at, after, order } = SORTS[sort];
    const rows = await tx.query<Row<TunnelRow>>(
      `${selectBy(at)}
        WHERE s.tenant_id = $1 AND ($2::timestamptz IS NULL OR ${after})
          AND ($5::text IS NULL OR t.state = $5)
          AND ($6::text IS NULL OR strpos(lower(concat_ws(' ', s.name, s.label, t."remoteAddress", t."agentVersion")), lower($6)) > 0)
        ORDER BY ${order} LIMIT $4`,
      [tenantId, cursor?.at, cursor?.id, limit + 1, state, text],
    );
    return pageOf(rows, limit, withoutCursor);
  }

  async find(tx: Transaction, tenantId: string, siteId: string): Promise<TunnelRow | undefined> {
    const row = await tx.one<Row<TunnelRow>>(`${selectBy('s.created_at')} WHERE s.tenant_id = $1 AND s.id = $2`, [
      tenantId,
      siteId,
    ]);
    return row && withoutCursor(row);
  }

  /** Newest first. With times: sessions that were open at any moment of them. */
  async history(
    tx: Transaction,
    tenantId: string,
    siteId: string,
    { limit, cursor }: PageRequest,
    { from, to }: { from?: Date | undefined; to?: Date | undefined } = {},
  ): Promise<Page<TunnelHistoryRow>> {
    const rows = await tx.query<Row<TunnelHistoryRow>>(
      `SELECT id AS "sessionId", opened_at AS "openedAt", closed_at AS "closedAt", close_reason AS "closeReason",
              extract(epoch FROM coalesce(closed_at, now()) - opened_at)::float8 AS "durationSeconds", broker_id AS "brokerId",
              remote_address AS "remoteAddress", agent_version AS "agentVersion", opened_at::text AS cursor_at, id AS cursor_id
         FROM tunnel_session
        WHERE tenant_id = $1 AND site_id = $2 AND ($3::timestamptz IS NULL OR (opened_at, id) < ($3::timestamptz, $4::uuid))
          AND ($6::timestamptz IS NULL OR closed_at IS NULL OR closed_at > $6) AND ($7::timestamptz IS NULL OR opened_at < $7)
        ORDER BY opened_at DESC, id DESC LIMIT $5`,
      [tenantId, siteId, cursor?.at, cursor?.id, limit + 1, from, to],
    );
    return pageOf(rows, limit, withoutCursor);
  }

  /**
   * How much of a range the site had a tunnel, overlapping sessions counted once. One that is open lasts until now, or to
   * the last sign of life when it is stale.
   */
  async availability(
    tx: Transaction,
    tenantId: string,
    siteId: string,
    { from, to }: { from: Date; to: Date },
  ): Promise<AvailabilityRow | undefined> {
    return tx.one<AvailabilityRow>(
      `WITH counted AS (
         SELECT greatest($3::timestamptz, created_at) AS lower, greatest(least($4::timestamptz, now()), $3::timestamptz, created_at) AS upper
           FROM site WHERE tenant_id = $1 AND id = $2),
       up AS (
         SELECT range_agg(tstzrange(n.opened_at, greatest(n.opened_at, ${ENDED}))) * tstzmultirange(tstzrange(c.lower, c.upper)) AS times
           FROM counted c JOIN tunnel_session n ON n.tenant_id = $1 AND n.site_id = $2 JOIN broker b ON b.id = n.broker_id
          WHERE n.opened_at < c.upper AND (n.closed_at IS NULL OR n.closed_at > c.lower) GROUP BY c.lower, c.upper),
       down AS (
         SELECT upper(r) - lower(r) AS lasted FROM counted c LEFT JOIN up ON true,
                unnest(tstzmultirange(tstzrange(c.lower, c.upper)) - coalesce(up.times, '{}')) r)
       SELECT c.lower AS "from", c.upper AS "to",
              coalesce((SELECT sum(extract(epoch FROM upper(r) - lower(r))) FROM up, unnest(up.times) r), 0)::float8 AS "upSeconds",
              (SELECT count(*)::integer FROM down) AS outages,
              coalesce((SELECT max(extract(epoch FROM lasted)) FROM down), 0)::float8 AS "longestOutageSeconds"
         FROM counted c`,
      [tenantId, siteId, from, to],
    );
  }

  /** Open sessions of a site with the process that holds each. */
  async open(tx: Transaction, tenantId: string, siteId: string): Promise<{ sessionId: string; brokerId: string }[]> {
    return tx.query(
      `SELECT id AS "sessionId", broker_id AS "brokerId" FROM tunnel_session
        WHERE tenant_id = $1 AND site_id = $2 AND closed_at IS NULL`,
      [tenantId, siteId],
    );
  }
}
