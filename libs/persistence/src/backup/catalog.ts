import type { ClientBase } from 'pg';

/** A table and its columns, in the order in which COPY writes and reads them. */
export interface TableShape {
  name: string;
  columns: string[];
}

export interface SequenceState {
  name: string;
  last: string;
  called: boolean;
}

/** Which migrations have run is written by the migrations themselves. */
const MIGRATIONS_TABLE = 'migrations';

/** Names of the migrations that have run, oldest first; undefined for a database without any. */
export async function appliedMigrations(client: ClientBase): Promise<string[] | undefined> {
  const { rows } = await client.query<{ found: boolean }>(
    `SELECT to_regclass('public.${MIGRATIONS_TABLE}') IS NOT NULL AS found`,
  );
  if (rows[0]?.found !== true) return undefined;
  const applied = await client.query<{ name: string }>(`SELECT name FROM public.${MIGRATIONS_TABLE} ORDER BY id`);
  return applied.rows.map(({ name }) => name);
}

/**
 * Every table of the schema but that of the migrations, each after those that it refers to. Numbers of transactions stay
 * out: they mean something in their own cluster only, and come anew with the rows. A partitioned table is one: into which
 * part a row goes is decided where it is restored.
 */
export async function tablesInOrder(client: ClientBase): Promise<TableShape[]> {
  const tables = await client.query<TableShape>(
    `SELECT c.relname AS name, array_agg(a.attname::text ORDER BY a.attnum) AS columns
       FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND a.atttypid <> 'xid8'::regtype
      WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> $1
      GROUP BY c.relname ORDER BY c.relname`,
    [MIGRATIONS_TABLE],
  );
  const references = await client.query<{ from: string; to: string }>(
    `SELECT f.relname AS "from", t.relname AS "to" FROM pg_constraint k JOIN pg_class f ON f.oid = k.conrelid JOIN pg_class t ON t.oid = k.confrelid
      WHERE k.contype = 'f' AND k.connamespace = 'public'::regnamespace AND k.conrelid <> k.confrelid`,
  );
  return inOrder(tables.rows, references.rows);
}

function inOrder(tables: TableShape[], references: { from: string; to: string }[]): TableShape[] {
  const ordered: TableShape[] = [];
  const done = new Set<string>();
  let waiting = tables;
  while (waiting.length > 0) {
    const blocked = new Set(references.filter(({ to }) => !done.has(to)).map(({ from }) => from));
    const next = waiting.filter(({ name }) => !blocked.has(name));
    if (next.length === 0) throw new Error(`tables refer to each other: ${waiting.map(({ name }) => name).join(', ')}`);
    ordered.push(...next);
    for (const { name } of next) done.add(name);
    waiting = waiting.filter(({ name }) => !done.has(name));
  }
  return ordered;
}

export async function sequenceStates(client: ClientBase): Promise<SequenceState[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'S'
        AND relname NOT LIKE '${MIGRATIONS_TABLE}\\_%' ORDER BY relname`,
  );
  const states: SequenceState[] = [];
  for (const { name } of rows) {
    const state = await client.query<{ last: string; called: boolean }>(
      `SELECT last_value::text AS last, is_called AS called FROM public.${client.escapeIdentifier(name)}`,
    );
    if (state.rows[0] !== undefined) states.push({ name, ...state.rows[0] });
  }
  return states;
}
