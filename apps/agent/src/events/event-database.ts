import { DatabaseSync, type SQLInputValue, type SQLOutputValue } from 'node:sqlite';
import { CONNECTION, SCHEMA, SCHEMA_VERSION, TABLES } from './event-schema.js';
import { DamagedStoreError } from './event-store.errors.js';

const BUSY_MS = 2_000;

export type Row = Record<string, SQLOutputValue>;

/** @throws DamagedStoreError when it is no text */
export const textOf = (value: SQLOutputValue | undefined): string => {
  if (typeof value !== 'string') throw new DamagedStoreError('a value is no text');
  return value;
};

/** One SQLite file with statements that are prepared once, and transactions that are undone when they fail. */
export class EventDatabase {
  readonly #statements = new Map<string, ReturnType<DatabaseSync['prepare']>>();

  private constructor(private readonly connection: DatabaseSync) {}

  /** Makes the tables of a new file. @throws DamagedStoreError, or an error of SQLite */
  static open(path: string): EventDatabase {
    const connection = new DatabaseSync(path, { timeout: BUSY_MS });
    try {
      connection.exec(CONNECTION);
      const database = new EventDatabase(connection);
      database.#prepareFile();
      return database;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  /** To look into while the agent writes. */
  static openToRead(path: string): EventDatabase {
    return new EventDatabase(new DatabaseSync(path, { timeout: BUSY_MS, readOnly: true }));
  }

  run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#statement(sql).run(...values).changes);
  }

  all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#statement(sql).all(...values);
  }

  /** The first column of the first row; 0 when there is none, or it is NULL. */
  number(sql: string, ...values: SQLInputValue[]): number {
    const [row] = this.all(sql, ...values);
    return Number(Object.values(row ?? {})[0] ?? 0);
  }

  fact(name: string): SQLOutputValue | undefined {
    return this.all('SELECT value FROM facts WHERE name = ?', name)[0]?.['value'];
  }

  /** @throws DamagedStoreError when it is no whole number */
  count(name: string): number {
    const value = this.fact(name) ?? 0;
    if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw new DamagedStoreError(`${name} is no number`);
    return value;
  }

  setFact(name: string, value: SQLInputValue): void {
    this.run('INSERT INTO facts VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value', name, value);
  }

  transaction<T>(work: () => T): T {
    this.connection.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.connection.exec('COMMIT');
      return result;
    } catch (error) {
      // A full disk has SQLite roll back by itself.
      if (this.connection.isTransaction) this.connection.exec('ROLLBACK');
      throw error;
    }
  }

  /** What is in use of the file; pages that were freed are used again. */
  get bytes(): number {
    const pages = this.number('PRAGMA page_count') - this.number('PRAGMA freelist_count');
    return pages * this.number('PRAGMA page_size');
  }

  close(): void {
    this.#statements.clear();
    this.connection.close();
  }

  #prepareFile(): void {
    const version = this.number('PRAGMA user_version');
    if (version === 0 && this.number('SELECT count(*) FROM sqlite_schema') === 0) {
      this.transaction(() => this.connection.exec(SCHEMA));
    } else if (version !== SCHEMA_VERSION) {
      throw new DamagedStoreError(`the form of the file is ${version}, not ${SCHEMA_VERSION}`);
    }
    const tables = this.all("SELECT name FROM sqlite_schema WHERE type = 'table'").map(({ name }) => textOf(name));
    if (!TABLES.every((name) => tables.includes(name))) throw new DamagedStoreError('a table is missing');
    const [found] = this.all('PRAGMA quick_check(1)');
    if (found?.['quick_check'] !== 'ok') throw new DamagedStoreError('its pages do not fit together');
  }

  #statement(sql: string): ReturnType<DatabaseSync['prepare']> {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const made = this.connection.prepare(sql);
    this.#statements.set(sql, made);
    return made;
  }
}
