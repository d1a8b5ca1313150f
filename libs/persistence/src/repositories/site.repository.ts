import { type Page, pageOf, type PageRequest } from '../cursor.js';
import type { Transaction } from '../transaction.js';

export interface SiteOverview {
  id: string;
  name: string;
  label: string;
  createdAt: Date;
  tunnelState: 'up' | 'down' | 'never';
  /** Null while the site has never connected. */
  tunnelSince: Date | null;
}

interface Row {
  id: string;
  name: string;
  label: string;
  created_at: Date;
  opened_at: Date | null;
  closed_at: Date | null;
  lost_at: Date | null;
  cursor_at: string;
  cursor_id: string;
}

/** A session whose broker is silent for 15 s counts as down since that broker's last sign of life. */
const SELECT = `
  SELECT s.id, s.name, s.label, s.created_at, t.opened_at, t.closed_at, t.lost_at, s.created_at::text AS cursor_at, s.id AS cursor_id
    FROM site s LEFT JOIN LATERAL (
      SELECT n.opened_at, n.closed_at,
             CASE WHEN b.state = 'stopped' OR b.heartbeat_at < now() - interval '15 seconds' THEN b.heartbeat_at END AS lost_at
        FROM tunnel_session n JOIN broker b ON b.id = n.broker_id
       WHERE n.tenant_id = s.tenant_id AND n.site_id = s.id
       ORDER BY (n.closed_at IS NULL) DESC, n.epoch DESC LIMIT 1) t ON true`;

const toSite = (row: Row): SiteOverview => {
  const { id, name, label, created_at: createdAt, opened_at: openedAt } = row;
  const endedAt = row.closed_at ?? row.lost_at;
  if (openedAt === null) return { id, name, label, createdAt, tunnelState: 'never', tunnelSince: null };
  return { id, name, label, createdAt, tunnelState: endedAt ? 'down' : 'up', tunnelSince: endedAt ?? openedAt };
};

export class SiteRepository {
  /** @returns undefined when another site of the tenant has the label */
  async insert(
    tx: Transaction,
    tenantId: string,
    site: { name: string; label: string },
  ): Promise<SiteOverview | undefined> {
    const row = await tx.one<{ id: string }>(
      'INSERT INTO site (tenant_id, name, label) VALUES ($1, $2, $3) ON CONFLICT (tenant_id, label) DO NOTHING RETURNING id',
      [tenantId, site.name, site.label],
    );
    return row && this.find(tx, tenantId, row.id);
  }

  async rename(tx: Transaction, tenantId: string, id: string, name: string): Promise<boolean> {
    const rows = await tx.query('UPDATE site SET name = $3 WHERE tenant_id = $1 AND id = $2 RETURNING id', [
      tenantId,
      id,
      name,
    ]);
    return rows.length === 1;
  }

  async find(tx: Transaction, tenantId: string, id: string): Promise<SiteOverview | undefined> {
    const row = await tx.one<Row>(`${SELECT} WHERE s.tenant_id = $1 AND s.id = $2`, [tenantId, id]);
    return row && toSite(row);
  }

  async list(tx: Transaction, tenantId: string, { limit, cursor }: PageRequest): Promise<Page<SiteOverview>> {
    const rows = await tx.query<Row>(
      `${SELECT}
        WHERE s.tenant_id = $1 AND ($2::timestamptz IS NULL OR (s.created_at, s.id) > ($2::timestamptz, $3::uuid))
        ORDER BY s.created_at, s.id LIMIT $4`,
      [tenantId, cursor?.at, cursor?.id, limit + 1],
    );
    return pageOf(rows, limit, toSite);
  }
}
