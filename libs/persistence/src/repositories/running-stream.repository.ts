import type { Transaction } from '../transaction.js';

/** A stream as its redirector writes it. Texts are free of NUL and lone surrogates, which PostgreSQL does not store. */
export interface RunningStreamRow {
  id: string;
  siteId: string;
  cameraId: string;
  ticketId: string | null;
  siteLabel: string;
  camera: string;
  usage: string;
  kind: 'live' | 'playback';
  watchedBy: string;
  level: number;
  transport: string;
  reason: string;
  fallbackFrom: string | null;
  encrypted: boolean;
  remoteAddress: string;
  client: string | null;
  startedAt: Date;
  figures: object;
}

export interface StreamSourceRow {
  cameraId: string;
  usage: string;
  figures: object;
}

/** Which streams an operator means: all that is given holds. */
export interface StreamChoice {
  streamId?: string | undefined;
  siteId?: string | undefined;
  cameraId?: string | undefined;
  user?: string | undefined;
}

/** A redirector without a heartbeat for this long is dead, and so are its streams. */
const PRUNED_AFTER = '1 minute';

/** Running streams as the redirectors write them. */
export class RunningStreamRepository {
  /** @returns false when the redirector had no row, and with it none of its streams has one any more */
  async heartbeat(tx: Transaction, redirectorId: string): Promise<boolean> {
    const row = await tx.one<{ known: boolean }>(
      `INSERT INTO redirector (id) VALUES ($1)
       ON CONFLICT (id) DO UPDATE SET heartbeat_at = now() RETURNING xmax <> 0 AS known`,
      [redirectorId],
    );
    return row?.known ?? false;
  }

  /** Rows of redirectors that are long dead, with their streams. */
  async prune(tx: Transaction): Promise<void> {
    await tx.execute(`DELETE FROM redirector WHERE heartbeat_at < now() - interval '${PRUNED_AFTER}'`);
  }

  /** The redirector stops in order: its streams are gone at once. */
  async leave(tx: Transaction, redirectorId: string): Promise<void> {
    await tx.execute('DELETE FROM redirector WHERE id = $1', [redirectorId]);
  }

  async write(
    tx: Transaction,
    tenantId: string,
    redirectorId: string,
    rows: readonly RunningStreamRow[],
  ): Promise<void> {
    if (rows.length === 0) return;
    await tx.execute(
      `INSERT INTO stream (id, tenant_id, redirector_id, site_id, camera_id, ticket_id, site_label, camera, usage, kind,
                           watched_by, level, transport, reason, fallback_from, encrypted, remote_address, client, started_at, figures)
       SELECT r.id, $1, $2, r."siteId", r."cameraId", r."ticketId", r."siteLabel", r.camera, r.usage, r.kind, r."watchedBy", r.level,
              r.transport, r.reason, r."fallbackFrom", r.encrypted, r."remoteAddress", r.client, r."startedAt", r.figures
         FROM jsonb_to_recordset($3::jsonb) AS r (id uuid, "siteId" uuid, "cameraId" uuid, "ticketId" uuid, "siteLabel" text,
              camera text, usage text, kind text, "watchedBy" text, level smallint, transport text, reason text, "fallbackFrom" text,
              encrypted boolean, "remoteAddress" text, client text, "startedAt" timestamptz, figures jsonb)
       ON CONFLICT (id) DO UPDATE SET figures = excluded.figures, figures_at = now()`,
      [tenantId, redirectorId, JSON.stringify(rows)],
    );
  }

  /** @returns those that had a row */
  async remove(tx: Transaction, tenantId: string, ids: readonly string[]): Promise<string[]> {
    const rows = await tx.query<{ id: string }>(
      'DELETE FROM stream WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) RETURNING id',
      [tenantId, ids],
    );
    return rows.map(({ id }) => id);
  }

  /** Makes these the tenant's sources at this redirector; others of it are over. */
  async writeSources(
    tx: Transaction,
    tenantId: string,
    redirectorId: string,
    rows: readonly StreamSourceRow[],
  ): Promise<void> {
    const json = JSON.stringify(rows);
    await tx.execute(
      `DELETE FROM stream_source s WHERE s.tenant_id = $1 AND s.redirector_id = $2 AND NOT EXISTS (
         SELECT FROM jsonb_to_recordset($3::jsonb) AS r ("cameraId" uuid, usage text)
          WHERE r."cameraId" = s.camera_id AND r.usage = s.usage)`,
      [tenantId, redirectorId, json],
    );
    await tx.execute(
      `INSERT INTO stream_source (redirector_id, tenant_id, camera_id, usage, figures)
       SELECT $2, $1, r."cameraId", r.usage, r.figures
         FROM jsonb_to_recordset($3::jsonb) AS r ("cameraId" uuid, usage text, figures jsonb)
       ON CONFLICT (redirector_id, tenant_id, camera_id, usage) DO UPDATE SET figures = excluded.figures, figures_at = now()`,
      [tenantId, redirectorId, json],
    );
  }
}
