import { type Page } from '../cursor.js';
import { encodeSortedCursor, SortedList, type SortedColumns, type SortedPageRequest } from '../sorted-list.js';
import type { SqlValue, Transaction } from '../transaction.js';

export type SiteTunnelState = 'up' | 'down' | 'never';

/** What operators keep of a site; nulls for what is not known. */
export interface SiteFacts {
  name: string;
  tags: Record<string, string>;
  address: string | null;
  /** degrees, WGS 84; null together */
  latitude: number | null;
  longitude: number | null;
  notes: string | null;
}

export interface SiteOverview extends SiteFacts {
  id: string;
  label: string;
  createdAt: Date;
  tunnelState: SiteTunnelState;
  /** Null while the site has never connected. */
  tunnelSince: Date | null;
}

/** One condition on a tag; all of a list must hold. */
export interface TagRequirement {
  key: string;
  /** `is`/`is-not` a value (without the tag it is not), or there is a tag with the key, whatever its value. */
  test: 'is' | 'is-not' | 'exists' | 'missing';
  value: string;
}

export interface SiteFilter {
  /** Part of the name or the label; case does not matter. */
  text?: string | undefined;
  tunnelState?: SiteTunnelState | undefined;
  tags?: readonly TagRequirement[] | undefined;
}

export type SiteSort = 'createdAt' | 'name' | 'tunnelSince';

/** A session whose broker is silent for 15 s counts as down since that broker's last sign of life. */
const LOST = `(b.state = 'stopped' OR b.heartbeat_at < now() - interval '15 seconds')`;
const STATE = `CASE WHEN t.opened_at IS NULL THEN 'never' WHEN t.closed_at IS NOT NULL OR ${LOST} THEN 'down' ELSE 'up' END`;
const SINCE = `coalesce(t.closed_at, CASE WHEN ${LOST} THEN b.heartbeat_at END, t.opened_at)`;

export const SITE_LIST = new SortedList<SiteSort>(
  {
    createdAt: { sql: 's.created_at', type: 'timestamptz' },
    name: { sql: 'lower(s.name)', type: 'text' },
    tunnelSince: { sql: `coalesce(${SINCE}, '-infinity')`, type: 'timestamptz' },
  },
  's.id',
);

const COLUMNS = `s.id, s.name, s.label, s.tags, s.address, s.latitude, s.longitude, s.notes, s.created_at AS "createdAt",
  ${STATE} AS "tunnelState", ${SINCE} AS "tunnelSince"`;
const FROM = `FROM site s LEFT JOIN site_tunnel t ON t.tenant_id = s.tenant_id AND t.site_id = s.id LEFT JOIN broker b ON b.id = t.broker_id`;

export class SiteRepository {
  /** @returns undefined when another site of the tenant has the label */
  async insert(
    tx: Transaction,
    tenantId: string,
    site: { name: string; label: string } & Partial<SiteFacts>,
  ): Promise<SiteOverview | undefined> {
    const { name, label, tags = {}, address = null, latitude = null, longitude = null, notes = null } = site;
    const row = await tx.one<{ id: string }>(
      `INSERT INTO site (tenant_id, name, label, tags, address, latitude, longitude, notes) VALUES ($1, $2, $3, $4::jsonb, $5, $6, $7, $8)
       ON CONFLICT (tenant_id, label) WHERE deleted_at IS NULL DO NOTHING RETURNING id`,
      [tenantId, name, label, JSON.stringify(tags), address, latitude, longitude, notes],
    );
    return row && this.find(tx, tenantId, row.id);
  }

  /** Until the transaction ends nobody else changes the site, deletes it, or gives it an agent. */
  async lock(tx: Transaction, tenantId: string, id: string): Promise<boolean> {
    return (await tx.one('SELECT FROM site WHERE tenant_id = $1 AND id = $2 FOR UPDATE', [tenantId, id])) !== undefined;
  }

  async update(tx: Transaction, tenantId: string, id: string, facts: SiteFacts): Promise<void> {
    const { name, tags, address, latitude, longitude, notes } = facts;
    await tx.query(
      `UPDATE site SET name = $3, tags = $4::jsonb, address = $5, latitude = $6, longitude = $7, notes = $8
        WHERE tenant_id = $1 AND id = $2`,
      [tenantId, id, name, JSON.stringify(tags), address, latitude, longitude, notes],
    );
  }

  /** Whether the site has an agent, or a keyfile that may still make one. */
  async isInUse(tx: Transaction, tenantId: string, id: string): Promise<boolean> {
    const row = await tx.one('SELECT FROM site_identity_status WHERE tenant_id = $1 AND site_id = $2', [tenantId, id]);
    return row !== undefined;
  }

  /** The row stays for its history and is seen by nobody; its label may be given again. */
  async delete(tx: Transaction, tenantId: string, id: string): Promise<boolean> {
    const row = await tx.one<{ deleted: boolean }>('SELECT delete_site($1, $2) AS deleted', [tenantId, id]);
    return row?.deleted === true;
  }

  async find(tx: Transaction, tenantId: string, id: string): Promise<SiteOverview | undefined> {
    return tx.one<SiteOverview>(`SELECT ${COLUMNS} ${FROM} WHERE s.tenant_id = $1 AND s.id = $2`, [tenantId, id]);
  }

  async list(
    tx: Transaction,
    tenantId: string,
    filter: SiteFilter,
    page: SortedPageRequest<SiteSort>,
  ): Promise<Page<SiteOverview>> {
    const values: SqlValue[] = [tenantId];
    const conditions = ['s.tenant_id = $1', ...conditionsOf(filter, values), SITE_LIST.behind(page, values)];
    const rows = await tx.query<SiteOverview & SortedColumns>(
      `SELECT ${COLUMNS}, ${SITE_LIST.cursorColumns(page.sorts)} ${FROM}
        WHERE ${conditions.join(' AND ')} ORDER BY ${SITE_LIST.orderBy(page.sorts)} LIMIT $${values.push(page.limit + 1)}`,
      values,
    );
    const items = rows.slice(0, page.limit);
    const last = rows.length > page.limit ? items.at(-1) : undefined;
    const cursor = last && { values: last.cursor_values, id: last.cursor_id };
    return {
      items: items.map(({ cursor_values: _values, cursor_id: _id, ...site }) => site),
      nextCursor: cursor ? encodeSortedCursor(cursor, page.sorts, filter) : null,
    };
  }
}

const conditionsOf = ({ text, tunnelState, tags = [] }: SiteFilter, values: SqlValue[]): string[] => {
  const conditions: string[] = [];
  if (text !== undefined) {
    const part = `$${values.push(`%${text.replaceAll(/[\\%_]/g, '\\$&')}%`)}`;
    conditions.push(`(s.name ILIKE ${part} OR s.label ILIKE ${part})`);
  }
  if (tunnelState !== undefined) conditions.push(`${STATE} = $${values.push(tunnelState)}`);
  for (const { key, test, value } of tags) {
    const name = `$${values.push(key)}::text`;
    if (test === 'exists' || test === 'missing') conditions.push(`${test === 'missing' ? 'NOT ' : ''}s.tags ? ${name}`);
    else
      conditions.push(`s.tags ->> ${name} IS ${test === 'is' ? 'NOT ' : ''}DISTINCT FROM $${values.push(value)}::text`);
  }
  return conditions;
};
