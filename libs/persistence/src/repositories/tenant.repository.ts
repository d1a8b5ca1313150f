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

/** By the view `tenant_directory`, over all tenants: who may see which is the caller's business. */
export class TenantRepository {
  /** @param only the one tenant to show; undefined for all */
  async list(tx: Transaction, only: string | undefined, { limit, cursor }: PageRequest): Promise<Page<TenantRow>> {
    const rows = await tx.query<Row>(
      `SELECT ${COLUMNS} FROM tenant_directory
        WHERE ($1::uuid IS NULL OR id = $1) AND ($2::timestamptz IS NULL OR (created_at, id) > ($2::timestamptz, $3::uuid))
        ORDER BY created_at, id LIMIT $4`,
      [only, cursor?.at, cursor?.id, limit + 1],
    );
    return pageOf(rows, limit, toTenant);
  }

  async find(tx: Transaction, id: string): Promise<TenantRow | undefined> {
    const row = await tx.one<Row>(`SELECT ${COLUMNS} FROM tenant_directory WHERE id = $1`, [id]);
    return row && toTenant(row);
  }

  async insert(tx: Transaction, id: string, name: string): Promise<TenantRow> {
    const row = await tx.one<{ at: Date }>('SELECT create_tenant($1, $2) AS at', [id, name]);
    if (!row) throw new Error('create_tenant answered no row');
    return { id, name, createdAt: row.at };
  }

  /** As `find`; until the transaction ends nobody else who locks it first changes it. */
  async lock(tx: Transaction, id: string): Promise<TenantRow | undefined> {
    await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 5502))', [id]);
    return this.find(tx, id);
  }

  /** @returns false when there is no such tenant */
  async rename(tx: Transaction, id: string, name: string): Promise<boolean> {
    const row = await tx.one<{ renamed: boolean }>('SELECT rename_tenant($1, $2) AS renamed', [id, name]);
    return row?.renamed ?? false;
  }
}
