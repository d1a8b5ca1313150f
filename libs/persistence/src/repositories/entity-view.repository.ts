import type { Page } from '../cursor.js';
import { encodeSortedCursor, SortedList, type SortedColumns, type SortedPageRequest } from '../sorted-list.js';
import type { SqlValue, Transaction } from '../transaction.js';

type State = 'online' | 'offline' | 'unknown';

/** An entity as operators see it: what its site says of it now, and what they have noted. */
export interface EntityOverview {
  id: string;
  siteId: string;
  siteLabel: string;
  roleId: string;
  remoteId: string;
  kind: string;
  name: string;
  /** Null at the root, and where the site names no entity that it has. */
  parentId: string | null;
  path: string;
  details: Record<string, unknown>;
  /** `unknown` while the role has no contact with the site. */
  state: State;
  stateReason: string | null;
  updatedAt: Date;
  note: string | null;
  notedAt: Date | null;
  notedBy: string | null;
}

/** What places an entity in the tree of its site. */
export interface EntityPlace {
  id: string;
  remoteId: string;
  parentRemoteId: string | null;
  kind: string;
  name: string;
  state: State;
  stateReason: string | null;
}

export interface EntityStateRow {
  id: string;
  state: State;
  stateReason: string | null;
  updatedAt: Date;
}

/** All that are given must hold. */
export interface EntityFilter {
  /** Part of the name or the remote id; case does not matter. */
  text?: string | undefined;
  siteId?: string | undefined;
  roleId?: string | undefined;
  /** Id of an entity: what is in it, at any depth. */
  areaId?: string | undefined;
  kind?: string | undefined;
  state?: State | undefined;
}

export type EntitySort = 'name' | 'updatedAt';

export const ENTITY_LIST = new SortedList<EntitySort>(
  {
    name: { sql: 'lower(e.name)', type: 'text' },
    updatedAt: { sql: 'e.updated_at', type: 'timestamptz' },
  },
  'e.id',
);

const COLUMNS = `e.id, e.site_id AS "siteId", e.site_label AS "siteLabel", e.role_id AS "roleId", e.remote_id AS "remoteId", e.kind, e.name,
  e.parent_id AS "parentId", e.path, e.details, e.state, e.state_reason AS "stateReason", e.updated_at AS "updatedAt",
  n.note, n.noted_at AS "notedAt", n.noted_by AS "notedBy"`;
const FROM = 'FROM entity_directory e LEFT JOIN entity_note n ON n.entity_id = e.id';

/** Reads entities, which federation writes. The caller has opened the tenant's transaction: the view shows no other. */
export class EntityViewRepository {
  async list(
    tx: Transaction,
    tenantId: string,
    filter: EntityFilter,
    page: SortedPageRequest<EntitySort>,
  ): Promise<Page<EntityOverview>> {
    const values: SqlValue[] = [tenantId];
    const conditions = ['e.tenant_id = $1', ...conditionsOf(filter, values), ENTITY_LIST.behind(page, values)];
    const order = ENTITY_LIST.orderBy(page.sorts);
    // Which ones first: what all of them would be sorted with is narrow then.
    const rows = await tx.query<EntityOverview & SortedColumns>(
      `SELECT ${COLUMNS}, ${ENTITY_LIST.cursorColumns(page.sorts)} ${FROM}
        WHERE e.tenant_id = $1 AND e.id IN (SELECT e.id FROM entity_directory e WHERE ${conditions.join(' AND ')}
              ORDER BY ${order} LIMIT $${values.push(page.limit + 1)}) ORDER BY ${order}`,
      values,
    );
    const items = rows.slice(0, page.limit);
    const last = rows.length > page.limit ? items.at(-1) : undefined;
    const cursor = last && { values: last.cursor_values, id: last.cursor_id };
    return {
      items: items.map(({ cursor_values: _values, cursor_id: _id, ...entity }) => entity),
      nextCursor: cursor ? encodeSortedCursor(cursor, page.sorts, filter) : null,
    };
  }

  find(tx: Transaction, tenantId: string, id: string): Promise<EntityOverview | undefined> {
    return tx.one<EntityOverview>(`SELECT ${COLUMNS} ${FROM} WHERE e.tenant_id = $1 AND e.id = $2`, [tenantId, id]);
  }

  /** In no order; without those that there are not. */
  states(tx: Transaction, tenantId: string, ids: readonly string[]): Promise<EntityStateRow[]> {
    return tx.query<EntityStateRow>(
      `SELECT e.id, e.state, e.state_reason AS "stateReason", e.updated_at AS "updatedAt"
         FROM entity_directory e WHERE e.tenant_id = $1 AND e.id = ANY ($2::uuid[])`,
      [tenantId, ids],
    );
  }

  /** All of one site, by name. */
  places(tx: Transaction, tenantId: string, siteId: string): Promise<EntityPlace[]> {
    return tx.query<EntityPlace>(
      `SELECT e.id, e.remote_id AS "remoteId", e.parent_remote_id AS "parentRemoteId", e.kind, e.name, e.state, e.state_reason AS "stateReason"
         FROM entity_directory e WHERE e.tenant_id = $1 AND e.site_id = $2 ORDER BY lower(e.name), e.id`,
      [tenantId, siteId],
    );
  }
}

const conditionsOf = (filter: EntityFilter, values: SqlValue[]): string[] => {
  const { text, siteId, roleId, areaId, kind, state } = filter;
  const conditions: string[] = [];
  const equal = (column: string, value: string | undefined): void => {
    if (value !== undefined) conditions.push(`${column} = $${values.push(value)}`);
  };
  equal('e.site_id', siteId);
  equal('e.role_id', roleId);
  equal('e.kind', kind);
  if (text !== undefined) {
    // The expression of the index.
    const part = `lower($${values.push(`%${text.replaceAll(/[\\%_]/g, '\\$&')}%`)}::text COLLATE entity_text)`;
    conditions.push(`lower((e.name || E'\\n' || e.remote_id) COLLATE entity_text) LIKE ${part}`);
  }
  if (state === 'unknown') conditions.push(`(e.reported_state = 'unknown' OR NOT e.has_contact)`);
  else if (state !== undefined) conditions.push(`e.reported_state = $${values.push(state)} AND e.has_contact`);
  if (areaId !== undefined) conditions.push(insideOf(`$${values.push(areaId)}`));
  return conditions;
};

/** A site may name areas that are in each other: each is passed once. */
const insideOf = (area: string): string => `e.id <> ${area} AND (e.site_id, e.remote_id) IN (
  WITH RECURSIVE inside AS (
    SELECT a.site_id, a.remote_id FROM entity_directory a WHERE a.id = ${area}
    UNION SELECT c.site_id, c.remote_id FROM inside i JOIN entity_directory c ON c.site_id = i.site_id AND c.parent_remote_id = i.remote_id)
  SELECT site_id, remote_id FROM inside)`;
