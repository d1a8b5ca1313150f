import { type Page, pageOf, type PageRequest } from '../cursor.js';
import type { Transaction } from '../transaction.js';

export interface TenantRow {
  id: string;
  name: string;
  createdAt: Date;
}

interface Row {
  id: string;
  name: string;
  created_at: Date;
  cursor_at: string;
  cursor_id: string;
}

const COLUMNS = 'id, name, created_at, created_at::text AS cursor_at, id AS cursor_id';

const toTenant = (row: Row): TenantRow => ({ id: row.id, name: row.name, createdAt: row.created_at });

/** A caller sees its own tenant only. */
export class TenantRepository {
  async list(tx: Transaction, tenantId: string, { limit, cursor }: PageRequest): Promise<Page<TenantRow>> {
    const rows = await tx.query<Row>(
      `SELECT ${COLUMNS} FROM tenant
        WHERE id = $1 AND ($2::timestamptz IS NULL OR (created_at, id) > ($2::timestamptz, $3::uuid))
        ORDER BY created_at, id LIMIT $4`,
      [tenantId, cursor?.at, cursor?.id, limit + 1],
    );
    return pageOf(rows, limit, toTenant);
  }

  async find(tx: Transaction, tenantId: string, id: string): Promise<TenantRow | undefined> {
    const row = await tx.one<Row>(`SELECT ${COLUMNS} FROM tenant WHERE id = $1 AND id = $2`, [tenantId, id]);
    return row && toTenant(row);
  }
}
