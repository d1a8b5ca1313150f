import type { Transaction } from '../transaction.js';

/** A time without a tunnel, by the clock here. Texts have nothing in them that cannot be stored. */
export interface ReportedOutage {
  id: string;
  beganAt: Date;
  endedAt: Date;
  cause: string;
  faults: readonly object[];
  restarts: number;
  clockJumpMs: number;
}

export interface SiteReport {
  tenantId: string;
  siteId: string;
  agentId: string;
  outages: readonly ReportedOutage[];
  condition: object;
}

/** Of each site; older ones go. */
const MOST_OUTAGES = 500;

/** What sites say of themselves, as brokers write it. */
export class SiteReportRepository {
  /** What the broker found the site's clock to be off by when the session began; ms, null when it has no row. */
  async clockSkewMs(tx: Transaction, sessionId: string): Promise<number | null> {
    const row = await tx.one<{ skew: number | null }>(
      'SELECT clock_skew_ms AS skew FROM tunnel_session WHERE id = $1',
      [sessionId],
    );
    return row?.skew ?? null;
  }

  /**
   * What is known by its id stays as it was told first. Outages go first: with them the report waits for whoever deletes the
   * site, before it has the row of the condition, by which reports of one site queue.
   */
  async store(tx: Transaction, { tenantId, siteId, agentId, outages, condition }: SiteReport): Promise<void> {
    await tx.execute(
      `INSERT INTO site_outage (tenant_id, site_id, id, began_at, ended_at, cause, faults, restarts, clock_jump_ms)
       SELECT $1, $2, o.id, o."beganAt", o."endedAt", o.cause, o.faults, o.restarts, o."clockJumpMs"
         FROM jsonb_to_recordset($3::jsonb) AS o(id uuid, "beganAt" timestamptz, "endedAt" timestamptz, cause text, faults jsonb,
              restarts bigint, "clockJumpMs" bigint)
        ORDER BY o.id ON CONFLICT DO NOTHING`,
      [tenantId, siteId, JSON.stringify(outages)],
    );
    await tx.execute(
      `INSERT INTO site_condition (site_id, tenant_id, agent_id, condition) VALUES ($1, $2, $3, $4)
       ON CONFLICT (site_id) DO UPDATE SET agent_id = $3, condition = $4, reported_at = now()`,
      [siteId, tenantId, agentId, JSON.stringify(condition)],
    );
    await tx.execute(
      `DELETE FROM site_outage WHERE site_id = $1
          AND id IN (SELECT id FROM site_outage WHERE site_id = $1 ORDER BY ended_at DESC, id OFFSET ${MOST_OUTAGES})`,
      [siteId],
    );
  }
}
