import type { Transaction } from '../transaction.js';

/** When a session lasted; null: it goes on. */
export interface TunnelSpan {
  openedAt: Date;
  endedAt: Date | null;
  /** Null also where nobody has said yet why it ended. */
  closeReason: string | null;
}

export interface OutageTimes {
  id: string;
  from: Date;
  to: Date;
}

/** What the site has told of an outage. */
export interface OutageReportRow extends OutageTimes {
  cause: string;
  faults: object[];
  restarts: number;
  clockJumpMs: number;
  reportedAt: Date;
}

export interface SiteConditionRow {
  condition: object;
  reportedAt: Date;
}

type State = 'online' | 'offline' | 'unknown';

export interface TroubledCameraRow {
  cameraId: string;
  name: string;
  state: State;
  reason: string | null;
  since: Date;
}

/** A stream that some redirector takes of a camera of the site. */
export interface SiteSourceRow {
  cameraId: string;
  usage: string;
  /** As the redirector wrote them. */
  figures: object;
}

/** The last sign of life of a session that nobody has ended. */
const SEEN = 'least(b.heartbeat_at, t.last_seen_at)';

/** All that is on record of how a site does. Reads what the other apps write; the caller has opened the tenant's transaction. */
export class SiteDiagnosisRepository {
  /** The newest so many by when they began, in no order. */
  spans(tx: Transaction, tenantId: string, siteId: string, most: number): Promise<TunnelSpan[]> {
    return tx.query<TunnelSpan>(
      `SELECT t.opened_at AS "openedAt", t.close_reason AS "closeReason",
              coalesce(t.closed_at, CASE WHEN b.state = 'stopped' OR ${SEEN} < now() - interval '15 seconds' THEN ${SEEN} END) AS "endedAt"
         FROM tunnel_session t JOIN broker b ON b.id = t.broker_id
        WHERE t.tenant_id = $1 AND t.site_id = $2 ORDER BY t.opened_at DESC LIMIT $3`,
      [tenantId, siteId, most],
    );
  }

  /** The last session that has ended, and why. */
  lastEnd(tx: Transaction, tenantId: string, siteId: string): Promise<{ at: Date; reason: string } | undefined> {
    return tx.one<{ at: Date; reason: string }>(
      `SELECT closed_at AS at, close_reason AS reason FROM tunnel_session
        WHERE tenant_id = $1 AND site_id = $2 AND closed_at IS NOT NULL ORDER BY closed_at DESC LIMIT 1`,
      [tenantId, siteId],
    );
  }

  condition(tx: Transaction, tenantId: string, siteId: string): Promise<SiteConditionRow | undefined> {
    return tx.one<SiteConditionRow>(
      'SELECT condition, reported_at AS "reportedAt" FROM site_condition WHERE tenant_id = $1 AND site_id = $2',
      [tenantId, siteId],
    );
  }

  /** All that are kept, in no order. */
  outageTimes(tx: Transaction, tenantId: string, siteId: string): Promise<OutageTimes[]> {
    return tx.query<OutageTimes>(
      'SELECT id, began_at AS "from", ended_at AS "to" FROM site_outage WHERE tenant_id = $1 AND site_id = $2',
      [tenantId, siteId],
    );
  }

  async outages(tx: Transaction, tenantId: string, siteId: string, ids: readonly string[]): Promise<OutageReportRow[]> {
    if (ids.length === 0) return [];
    return tx.query<OutageReportRow>(
      `SELECT id, began_at AS "from", ended_at AS "to", cause, faults, restarts::float8 AS restarts,
              clock_jump_ms::float8 AS "clockJumpMs", reported_at AS "reportedAt"
         FROM site_outage WHERE tenant_id = $1 AND site_id = $2 AND id = ANY ($3::uuid[])`,
      [tenantId, siteId, ids],
    );
  }

  /** Those of these entities that the site has. */
  async entitiesOf(tx: Transaction, tenantId: string, siteId: string, ids: readonly string[]): Promise<string[]> {
    const rows = await tx.query<{ id: string }>(
      'SELECT id FROM entity_directory WHERE tenant_id = $1 AND site_id = $2 AND id = ANY ($3::uuid[])',
      [tenantId, siteId, ids],
    );
    return rows.map(({ id }) => id);
  }

  async cameraCounts(tx: Transaction, tenantId: string, siteId: string): Promise<Record<State, number>> {
    const rows = await tx.query<{ state: State; cameras: number }>(
      `SELECT state, count(*)::integer AS cameras FROM entity_directory
        WHERE tenant_id = $1 AND site_id = $2 AND kind = 'camera' GROUP BY state`,
      [tenantId, siteId],
    );
    const counts = { online: 0, offline: 0, unknown: 0 };
    for (const { state, cameras } of rows) counts[state] = cameras;
    return counts;
  }

  /** Those that are not online, offline ones first. */
  troubledCameras(tx: Transaction, tenantId: string, siteId: string, most: number): Promise<TroubledCameraRow[]> {
    return tx.query<TroubledCameraRow>(
      `SELECT id AS "cameraId", name, state, state_reason AS reason, updated_at AS since FROM entity_directory
        WHERE tenant_id = $1 AND site_id = $2 AND kind = 'camera' AND state <> 'online'
        ORDER BY state, lower(name), id LIMIT $3`,
      [tenantId, siteId, most],
    );
  }

  /** Of redirectors that live. */
  sources(tx: Transaction, tenantId: string, siteId: string): Promise<SiteSourceRow[]> {
    return tx.query<SiteSourceRow>(
      `SELECT s.camera_id AS "cameraId", s.usage, s.figures
         FROM entity_directory e JOIN stream_source s ON s.tenant_id = e.tenant_id AND s.camera_id = e.id
         JOIN redirector r ON r.id = s.redirector_id AND r.heartbeat_at > now() - interval '10 seconds'
        WHERE e.tenant_id = $1 AND e.site_id = $2 AND e.kind = 'camera' ORDER BY s.camera_id, s.usage, s.redirector_id`,
      [tenantId, siteId],
    );
  }
}
