import { type Page, pageOf, type PageRequest } from '../cursor.js';
import type { Transaction } from '../transaction.js';
import type { RunningStreamRow, StreamChoice } from './running-stream.repository.js';

export interface StreamViewRow extends RunningStreamRow {
  redirectorId: string;
  figuresAt: Date;
}

export interface StreamSourceViewRow {
  redirectorId: string;
  usage: string;
  figures: object;
  figuresAt: Date;
}

export interface StreamFilter extends StreamChoice {
  transport?: string | undefined;
  kind?: string | undefined;
}

type Row = StreamViewRow & { cursor_at: string; cursor_id: string };

/** A redirector that has been silent for longer is dead, and nobody watches there. It beats every 2 s. */
const ALIVE = `r.heartbeat_at > now() - interval '10 seconds'`;

const SELECT = `
  SELECT s.id, s.redirector_id AS "redirectorId", s.site_id AS "siteId", s.camera_id AS "cameraId", s.ticket_id AS "ticketId",
         s.site_label AS "siteLabel", s.camera, s.usage, s.kind, s.watched_by AS "watchedBy", s.level, s.transport, s.reason,
         s.fallback_from AS "fallbackFrom", s.encrypted, s.remote_address AS "remoteAddress", s.client, s.started_at AS "startedAt",
         s.figures, s.figures_at AS "figuresAt", s.started_at::text AS cursor_at, s.id AS cursor_id
    FROM stream s JOIN redirector r ON r.id = s.redirector_id`;

const toStream = ({ cursor_at: _at, cursor_id: _id, ...row }: Row): StreamViewRow => row;

/** Reads what the redirectors write; writes nothing. */
export class StreamViewRepository {
  /** Newest first. */
  async list(
    tx: Transaction,
    tenantId: string,
    { limit, cursor }: PageRequest,
    { siteId, cameraId, user, transport, kind }: StreamFilter,
  ): Promise<Page<StreamViewRow>> {
    const rows = await tx.query<Row>(
      `${SELECT}
        WHERE s.tenant_id = $1 AND ${ALIVE} AND ($2::timestamptz IS NULL OR (s.started_at, s.id) < ($2::timestamptz, $3::uuid))
          AND ($5::uuid IS NULL OR s.site_id = $5) AND ($6::uuid IS NULL OR s.camera_id = $6)
          AND ($7::text IS NULL OR s.watched_by = $7 OR starts_with(s.watched_by, $7 || '/')) AND ($8::text IS NULL OR s.transport = $8)
          AND ($9::text IS NULL OR s.kind = $9)
        ORDER BY s.started_at DESC, s.id DESC LIMIT $4`,
      [tenantId, cursor?.at, cursor?.id, limit + 1, siteId, cameraId, user, transport, kind],
    );
    return pageOf(rows, limit, toStream);
  }

  async find(tx: Transaction, tenantId: string, id: string): Promise<StreamViewRow | undefined> {
    const row = await tx.one<Row>(`${SELECT} WHERE s.tenant_id = $1 AND s.id = $2 AND ${ALIVE}`, [tenantId, id]);
    return row && toStream(row);
  }

  /** A camera's sources at every redirector that has served it of late. */
  sources(tx: Transaction, tenantId: string, cameraId: string): Promise<StreamSourceViewRow[]> {
    return tx.query<StreamSourceViewRow>(
      `SELECT s.redirector_id AS "redirectorId", s.usage, s.figures, s.figures_at AS "figuresAt"
         FROM stream_source s JOIN redirector r ON r.id = s.redirector_id
        WHERE s.tenant_id = $1 AND s.camera_id = $2 AND ${ALIVE} ORDER BY s.usage, s.redirector_id`,
      [tenantId, cameraId],
    );
  }

  /** Redirectors that live. */
  async redirectors(tx: Transaction): Promise<string[]> {
    const rows = await tx.query<{ id: string }>(`SELECT r.id FROM redirector r WHERE ${ALIVE}`);
    return rows.map(({ id }) => id);
  }
}
