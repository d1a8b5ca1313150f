import { type Page, pageOf, type PageRequest } from '../cursor.js';
import type { Transaction } from '../transaction.js';

export interface ViewTicketRow {
  id: string;
  siteLabel: string;
  /** The `<camera>` of the stream URL. */
  camera: string;
  usage: string;
  /** 1 is the highest, 254 the lowest. */
  level: number;
  issuedTo: string;
  issuedAt: Date;
  firstUseBy: Date;
  expiresAt: Date;
  revokedAt: Date | null;
  firstUsedAt: Date | null;
  firstUsedFrom: string | null;
}

type Row = ViewTicketRow & { cursor_at: string; cursor_id: string };

const SELECT = `
  SELECT v.id, v.site_label AS "siteLabel", v.camera, v.usage, v.user_level AS level, v.issued_to AS "issuedTo", v.issued_at AS "issuedAt",
         v.first_use_by AS "firstUseBy", v.expires_at AS "expiresAt", v.revoked_at AS "revokedAt",
         u.first_used_at AS "firstUsedAt", host(u.address) AS "firstUsedFrom", v.issued_at::text AS cursor_at, v.id AS cursor_id
    FROM view_ticket v LEFT JOIN view_ticket_use u ON u.tenant_id = v.tenant_id AND u.ticket_id = v.id`;

const toTicket = ({ cursor_at: _at, cursor_id: _id, ...ticket }: Row): ViewTicketRow => ticket;

export interface NewViewTicket {
  id: string;
  siteLabel: string;
  camera: string;
  usage: string;
  level: number;
  issuedTo: string;
  firstUseSeconds: number;
  lifetimeSeconds: number;
}

export class ViewTicketRepository {
  /** Times by the database's clock, whole seconds, as the ticket itself carries them. */
  async insert(
    tx: Transaction,
    tenantId: string,
    ticket: NewViewTicket,
  ): Promise<{ firstUseBy: Date; expiresAt: Date }> {
    const row = await tx.one<{ firstUseBy: Date; expiresAt: Date }>(
      `INSERT INTO view_ticket (id, tenant_id, site_label, camera, usage, issued_to, first_use_by, expires_at, user_level)
       VALUES ($1, $2, $3, $4, $5, $6, date_trunc('second', now()) + make_interval(secs => $7),
               date_trunc('second', now()) + make_interval(secs => $8), $9)
       RETURNING first_use_by AS "firstUseBy", expires_at AS "expiresAt"`,
      [
        ticket.id,
        tenantId,
        ticket.siteLabel,
        ticket.camera,
        ticket.usage,
        ticket.issuedTo,
        ticket.firstUseSeconds,
        ticket.lifetimeSeconds,
        ticket.level,
      ],
    );
    if (!row) throw new Error('INSERT answered no row');
    return row;
  }

  async find(tx: Transaction, tenantId: string, id: string): Promise<ViewTicketRow | undefined> {
    const row = await tx.one<Row>(`${SELECT} WHERE v.tenant_id = $1 AND v.id = $2`, [tenantId, id]);
    return row && toTicket(row);
  }

  /** @returns true when this call revoked it; a second call changes nothing */
  async revoke(tx: Transaction, tenantId: string, id: string): Promise<boolean> {
    const rows = await tx.query(
      'UPDATE view_ticket SET revoked_at = now() WHERE tenant_id = $1 AND id = $2 AND revoked_at IS NULL RETURNING id',
      [tenantId, id],
    );
    return rows.length === 1;
  }

  /** Those of one site that may still be used. @returns how many */
  async revokeOfSite(tx: Transaction, tenantId: string, siteLabel: string): Promise<number> {
    const rows = await tx.query(
      `UPDATE view_ticket SET revoked_at = now()
        WHERE tenant_id = $1 AND site_label = $2 AND revoked_at IS NULL AND expires_at > now() RETURNING id`,
      [tenantId, siteLabel],
    );
    return rows.length;
  }

  /** Newest first. */
  async list(tx: Transaction, tenantId: string, { limit, cursor }: PageRequest): Promise<Page<ViewTicketRow>> {
    const rows = await tx.query<Row>(
      `${SELECT}
        WHERE v.tenant_id = $1 AND ($2::timestamptz IS NULL OR (v.issued_at, v.id) < ($2::timestamptz, $3::uuid))
        ORDER BY v.issued_at DESC, v.id DESC LIMIT $4`,
      [tenantId, cursor?.at, cursor?.id, limit + 1],
    );
    return pageOf(rows, limit, toTicket);
  }
}
