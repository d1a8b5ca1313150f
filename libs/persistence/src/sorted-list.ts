import { createHash } from 'node:crypto';
import { isTimestamp } from './cursor.js';
import type { SqlValue } from './transaction.js';

/** What a list can be sorted by: an expression that is never null. */
export interface SortColumn {
  sql: string;
  type: 'text' | 'timestamptz';
}

export interface Sort<Name extends string = string> {
  by: Name;
  descending: boolean;
}

/** Where a page ended: a value for each column of the sort, and the row's id. */
export interface SortedCursor {
  values: string[];
  id: string;
}

export interface SortedPageRequest<Name extends string = string> {
  limit: number;
  sorts: readonly Sort<Name>[];
  after?: SortedCursor | undefined;
}

/** Columns that the rows of a sorted list carry besides their own. */
export interface SortedColumns {
  cursor_values: string[];
  cursor_id: string;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const MAX_TEXT = 500;

/**
 * Pages by key: the next page begins behind the last row's values, so that rows which come and go in between neither
 * repeat nor hide others. A cursor names the sort and the filters that it was made for, and serves no other.
 */
export class SortedList<Name extends string> {
  /** @param id expression of the row's uuid, the last key of every sort */
  constructor(
    private readonly columns: Record<Name, SortColumn>,
    private readonly id: string,
  ) {}

  /** To select besides the row. */
  cursorColumns(sorts: readonly Sort<Name>[]): string {
    const values = sorts.map(({ by }) => `(${this.columns[by].sql})::text`);
    return `ARRAY[${values.join(', ')}]::text[] AS cursor_values, ${this.id} AS cursor_id`;
  }

  orderBy(sorts: readonly Sort<Name>[]): string {
    return this.keys(sorts)
      .map(({ sql, descending }) => `${sql}${descending ? ' DESC' : ''}`)
      .join(', ');
  }

  /**
   * The condition that a row comes behind the cursor.
   * @param values takes the cursor's; those that are there have the numbers before
   */
  behind({ sorts, after }: SortedPageRequest<Name>, values: SqlValue[]): string {
    if (!after) return 'true';
    const given = [...after.values, after.id];
    const keys = this.keys(sorts).map((key, index) => ({ ...key, at: `$${values.push(given[index])}::${key.type}` }));
    if (new Set(keys.map(({ descending }) => descending)).size === 1) {
      const sign = keys[0]?.descending ? '<' : '>';
      // A row comparison, because an index can begin there.
      return `(${keys.map(({ sql }) => sql).join(', ')}) ${sign} (${keys.map(({ at }) => at).join(', ')})`;
    }
    const cases = keys.map(({ sql, at, descending }, index) => {
      const equal = keys.slice(0, index).map((key) => `${key.sql} = ${key.at}`);
      return `(${[...equal, `${sql} ${descending ? '<' : '>'} ${at}`].join(' AND ')})`;
    });
    return `(${cases.join(' OR ')})`;
  }

  /** Null for what `encodeSortedCursor` has not made for this sort and these filters. */
  decode(text: string, sorts: readonly Sort<Name>[], filters: object): SortedCursor | null {
    try {
      const parsed: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
      if (!Array.isArray(parsed) || parsed.length !== sorts.length + 2) return null;
      const [binding, id, ...values] = parsed as unknown[];
      if (binding !== bindingOf(sorts, filters) || typeof id !== 'string' || !UUID.test(id)) return null;
      const fits = sorts.every(({ by }, index) => isValue(values[index], this.columns[by].type));
      return fits ? { id, values: values as string[] } : null;
    } catch {
      return null;
    }
  }

  private keys(sorts: readonly Sort<Name>[]): { sql: string; type: string; descending: boolean }[] {
    const descending = sorts[0]?.descending ?? false;
    return [
      ...sorts.map((sort) => ({ ...this.columns[sort.by], descending: sort.descending })),
      { sql: this.id, type: 'uuid', descending },
    ];
  }
}

const isValue = (value: unknown, type: SortColumn['type']): boolean => {
  if (typeof value !== 'string') return false;
  if (type === 'timestamptz') return value === '-infinity' || isTimestamp(value);
  return value.length <= MAX_TEXT && !value.includes('\0');
};

const bindingOf = (sorts: readonly Sort[], filters: object): string => {
  const given = Object.entries(filters).filter(([, value]) => value !== undefined);
  const text = JSON.stringify([sorts, given.toSorted(([a], [b]) => (a < b ? -1 : 1))]);
  return createHash('sha256').update(text).digest('base64url').slice(0, 12);
};

export const encodeSortedCursor = ({ values, id }: SortedCursor, sorts: readonly Sort[], filters: object): string =>
  Buffer.from(JSON.stringify([bindingOf(sorts, filters), id, ...values])).toString('base64url');
