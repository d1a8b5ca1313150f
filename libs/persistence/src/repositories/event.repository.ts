import { SortedList, type SortedColumns, type SortedPageRequest } from '../sorted-list.js';
import type { SqlValue, Transaction } from '../transaction.js';

export interface EventRow {
  id: string;
  /** Its arrival in microseconds since 1970, as text: it orders the events of a tenant, and none comes behind a later one. */
  position: string;
  siteId: string;
  siteLabel: string;
  sequence: string;
  type: string;
  sourceId: string | null;
  entityId: string | null;
  siteTime: Date | null;
  arrivedAt: Date;
  occurrencePeriod: 'online' | 'grace' | 'offline' | 'unknown';
  details: Record<string, unknown>;
  detailsDropped: boolean;
}

export interface EventFilter {
  siteId?: string | undefined;
  entityId?: string | undefined;
  /** Exact, or the beginning with a `*` behind it. */
  type?: string | undefined;
  occurrencePeriod?: EventRow['occurrencePeriod'] | undefined;
}

export interface EventTimes {
  from?: Date | undefined;
  /** Not included. */
  to?: Date | undefined;
  /** Whose clock `from` and `to` mean. */
  timeOf?: 'arrival' | 'site' | undefined;
}

export type EventSort = 'arrivedAt' | 'siteTime';

const SITE_TIME = 'coalesce(e.site_time, e.arrived_at)';
export const EVENT_LIST = new SortedList<EventSort>(
  { arrivedAt: { sql: 'e.arrived_at', type: 'timestamptz' }, siteTime: { sql: SITE_TIME, type: 'timestamptz' } },
  'e.id',
);

const POSITION = '(extract(epoch FROM e.arrived_at) * 1000000)::bigint::text';
const COLUMNS = `e.id, ${POSITION} AS position, e.site_id AS "siteId", s.label AS "siteLabel", e.sequence, e.type,
  e.source_id AS "sourceId", e.entity_id AS "entityId", e.site_time AS "siteTime", e.arrived_at AS "arrivedAt",
  e.occurrence_period AS "occurrencePeriod", e.details, e.details_dropped AS "detailsDropped"`;
const FROM = 'FROM event e JOIN site s ON s.tenant_id = e.tenant_id AND s.id = e.site_id';
/** @param parameter of a position, microseconds since 1970 */
const timeOf = (parameter: string): string => `(timestamptz 'epoch' + ${parameter}::bigint * interval '1 microsecond')`;

const beginningOf = (type: string): string => `${type.slice(0, -1).replaceAll(/[\\%_]/g, '\\$&')}%`;

/** @param values takes the filter's; those that are there have the numbers before */
const matching = ({ siteId, entityId, type, occurrencePeriod }: EventFilter, values: SqlValue[]): string => {
  const conditions = ['true'];
  const add = (sql: string, value: SqlValue): void => void conditions.push(sql.replace('?', `$${values.push(value)}`));
  if (siteId !== undefined) add('e.site_id = ?', siteId);
  if (entityId !== undefined) add('e.entity_id = ?', entityId);
  if (type?.endsWith('*')) add('e.type LIKE ?', beginningOf(type));
  else if (type !== undefined) add('e.type = ?', type);
  if (occurrencePeriod !== undefined) add('e.occurrence_period = ?', occurrencePeriod);
  return conditions.join(' AND ');
};

/** Reads the events of one tenant; they are written by federation. */
export class EventRepository {
  async list(
    tx: Transaction,
    tenantId: string,
    { from, to, timeOf: clock = 'arrival', ...filter }: EventFilter & EventTimes,
    page: SortedPageRequest<EventSort>,
  ): Promise<(EventRow & SortedColumns)[]> {
    const column = clock === 'arrival' ? 'e.arrived_at' : SITE_TIME;
    const values: SqlValue[] = [tenantId];
    const conditions = [matching(filter, values)];
    if (from !== undefined) conditions.push(`${column} >= $${values.push(from)}`);
    if (to !== undefined) conditions.push(`${column} < $${values.push(to)}`);
    conditions.push(EVENT_LIST.behind(page, values));
    return tx.query(
      `SELECT ${COLUMNS}, ${EVENT_LIST.cursorColumns(page.sorts)} ${FROM}
        WHERE e.tenant_id = $1 AND ${conditions.join(' AND ')}
        ORDER BY ${EVENT_LIST.orderBy(page.sorts)} LIMIT $${values.push(page.limit + 1)}`,
      values,
    );
  }

  find(tx: Transaction, tenantId: string, id: string): Promise<EventRow | undefined> {
    return tx.one<EventRow>(`SELECT ${COLUMNS} ${FROM} WHERE e.tenant_id = $1 AND e.id = $2`, [tenantId, id]);
  }

  /** The position of the newest event; of this moment while there is none. Whatever comes is behind it. */
  async head(tx: Transaction, tenantId: string): Promise<string> {
    const row = await tx.one<{ position: string }>(
      `SELECT (extract(epoch FROM coalesce((SELECT last_arrived_at FROM event_head WHERE tenant_id = $1), now())) * 1000000)::bigint::text AS position`,
      [tenantId],
    );
    return row?.position ?? '0';
  }

  /**
   * What came behind a position, in its order.
   * @returns with the position up to which that is everything
   */
  async after(
    tx: Transaction,
    tenantId: string,
    position: string,
    filter: EventFilter,
    limit: number,
  ): Promise<{ events: EventRow[]; upTo: string }> {
    const head = await this.head(tx, tenantId);
    if (BigInt(head) <= BigInt(position)) return { events: [], upTo: position };
    const values: SqlValue[] = [tenantId, position, head, limit];
    const events = await tx.query<EventRow>(
      `SELECT ${COLUMNS} ${FROM}
        WHERE e.tenant_id = $1 AND e.arrived_at > ${timeOf('$2')} AND e.arrived_at <= ${timeOf('$3')} AND ${matching(filter, values)}
        ORDER BY e.arrived_at LIMIT $4`,
      values,
    );
    const last = events.length === limit ? events.at(-1) : undefined;
    return { events, upTo: last?.position ?? head };
  }
}
