/** Where a page ended: the sort key's time as PostgreSQL prints it, microseconds and offset included, and the row's id. */
export interface Cursor {
  at: string;
  id: string;
}

export interface Page<Row> {
  items: Row[];
  nextCursor: string | null;
}

export interface PageRequest {
  limit: number;
  cursor?: Cursor | undefined;
}

const AT = /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(?:\.\d{1,6})?[+-]\d{2}(?::\d{2})?$/;
const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export const encodeCursor = ({ at, id }: Cursor): string => Buffer.from(JSON.stringify([at, id])).toString('base64url');

/** Null for everything that `encodeCursor` has not made. */
export const decodeCursor = (text: string): Cursor | null => {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    if (!Array.isArray(value) || value.length !== 2) return null;
    const [at, id] = value as unknown[];
    if (typeof at !== 'string' || typeof id !== 'string' || !ID.test(id)) return null;
    return isTimestamp(at) ? { at, id } : null;
  } catch {
    return null;
  }
};

/** A time as PostgreSQL prints it and takes it: on the calendar, after Christ, its offset not beyond what the world uses. */
export const isTimestamp = (at: string): boolean => {
  if (!AT.test(at)) return false;
  const date = new Date(`${at.slice(0, 10)}T${at.slice(11, 19)}Z`);
  const onCalendar =
    !Number.isNaN(date.getTime()) && date.toISOString().slice(0, 19) === at.slice(0, 19).replace(' ', 'T');
  const [hours = '', minutes = '0'] = at.slice(at.search(/[+-]\d{2}(?::\d{2})?$/) + 1).split(':');
  return onCalendar && date.getUTCFullYear() > 0 && Number(hours) < 15 && Number(minutes) < 60;
};

/**
 * Makes a page of rows that were read with `LIMIT limit + 1` and carry their own cursor columns.
 * @param rows each with `cursor_at` (the sort key as text) and `cursor_id`
 */
export const pageOf = <Row extends CursorColumns, Item>(
  rows: readonly Row[],
  limit: number,
  toItem: (row: Row) => Item,
): Page<Item> => {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const nextCursor = rows.length > limit && last ? encodeCursor({ at: last.cursor_at, id: last.cursor_id }) : null;
  return { items: shown.map(toItem), nextCursor };
};

export interface CursorColumns {
  cursor_at: string;
  cursor_id: string;
}
