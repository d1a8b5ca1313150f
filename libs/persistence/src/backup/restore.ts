import type { ClientBase } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { DataSource, MigrationExecutor, type QueryRunner } from 'typeorm';
import { MIGRATIONS } from '../migrations/index.js';
import { ADVISORY_LOCK } from '../migrator.js';
import { type SequenceState, type TableShape, tablesInOrder } from './catalog.js';
import { BackupDatabaseError } from './errors.js';
import { type Afterwards, completeRestore, type RestoredBackup } from './complete-restore.js';

/** A database that has rows in one of these is in use. */
const OF_USE = ['site', 'operator', 'agent', 'audit_event'];

/** What is restored into: one transaction, in which nothing is there until it ends. */
export interface RestoreTarget {
  /** The schema as the backup had it, without a row. @throws BackupDatabaseError `backup-newer` */
  prepare: (migrations: readonly string[]) => Promise<void>;
  /** @throws BackupDatabaseError `backup-mismatch` */
  fill: (table: TableShape, rows: AsyncIterable<Buffer>) => Promise<void>;
  /** Sequences, today's schema, the mark of the restore, and what the journal knows. */
  complete: (sequences: readonly SequenceState[], backup: RestoredBackup) => Promise<Afterwards>;
}

/**
 * Runs `work` in one transaction: however it ends, the database is either as before or restored as a whole.
 * @param replace also into a database that is in use, which loses everything in it
 * @throws BackupDatabaseError `database-not-empty`; errors of pg and of `work`
 */
export async function restoreDatabase<T>(
  ownerUrl: string,
  { replace }: { replace: boolean },
  work: (target: RestoreTarget) => Promise<T>,
): Promise<T> {
  const source = await sourceOf(ownerUrl, MIGRATIONS).initialize();
  const runner = source.createQueryRunner();
  try {
    const client = (await runner.connect()) as ClientBase;
    await runner.startTransaction();
    await client.query('SELECT pg_advisory_xact_lock($1)', [ADVISORY_LOCK]);
    if (!replace) await requireUnused(client);
    const result = await work(targetOf(client, runner, ownerUrl, source));
    await runner.commitTransaction();
    return result;
  } catch (error) {
    if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => undefined);
    throw error;
  } finally {
    await runner.release().catch(() => undefined);
    await source.destroy().catch(() => undefined);
  }
}

type Migrations = typeof MIGRATIONS;

const sourceOf = (url: string, migrations: Migrations): DataSource =>
  new DataSource({
    type: 'postgres',
    url,
    applicationName: 'adit-restore',
    synchronize: false,
    entities: [],
    migrations,
    poolSize: 1,
  });

const targetOf = (client: ClientBase, runner: QueryRunner, ownerUrl: string, source: DataSource): RestoreTarget => ({
  prepare: async (names) => {
    const known = new Set(MIGRATIONS.map(({ name }) => name));
    const newer = names.filter((name) => !known.has(name));
    if (newer.length > 0) {
      throw new BackupDatabaseError('backup-newer', `the backup was taken by a newer version: ${newer.join(', ')}`);
    }
    await client.query('DROP SCHEMA public CASCADE');
    await client.query('CREATE SCHEMA public');
    const then = await sourceOf(
      ownerUrl,
      MIGRATIONS.filter(({ name }) => names.includes(name)),
    ).initialize();
    try {
      await migrate(then, runner);
    } finally {
      await then.destroy();
    }
    await empty(client);
  },
  fill: (table, rows) => fill(client, table, rows),
  complete: async (sequences, backup) => {
    for (const { name, last, called } of sequences) {
      await client.query('SELECT setval($1::regclass, $2, $3)', [
        `public.${client.escapeIdentifier(name)}`,
        last,
        called,
      ]);
    }
    for (const { name } of await tablesInOrder(client)) await setTriggers(client, name, 'ENABLE');
    await migrate(source, runner);
    // Events of before the present week get their weeks while nobody waits for it; nothing is dropped.
    await client.query('SELECT event_keep(36500, 4)');
    return completeRestore(client, backup);
  },
});

async function migrate(source: DataSource, runner: QueryRunner): Promise<void> {
  const executor = new MigrationExecutor(source, runner);
  executor.transaction = 'none';
  await executor.executePendingMigrations();
}

async function requireUnused(client: ClientBase): Promise<void> {
  for (const table of OF_USE) {
    const there = await client.query<{ found: boolean }>('SELECT to_regclass($1) IS NOT NULL AS found', [
      `public.${table}`,
    ]);
    if (there.rows[0]?.found !== true) continue;
    const { rowCount } = await client.query(`SELECT FROM public.${table} LIMIT 1`);
    if (rowCount !== 0) {
      throw new BackupDatabaseError('database-not-empty', `the database is in use: there are rows in ${table}`);
    }
  }
}

/** What the migrations have put in comes with the backup, as it was then. */
async function empty(client: ClientBase): Promise<void> {
  const tables = await tablesInOrder(client);
  for (const { name } of tables) await setTriggers(client, name, 'DISABLE');
  const names = tables.map(({ name }) => `public.${client.escapeIdentifier(name)}`);
  await client.query(`TRUNCATE ${names.join(', ')}`);
}

/** Rows come back as they were: what a trigger would do about them is done. Foreign keys are no triggers of ours, and hold. */
async function setTriggers(client: ClientBase, table: string, verb: 'ENABLE' | 'DISABLE'): Promise<void> {
  await client.query(`ALTER TABLE public.${client.escapeIdentifier(table)} ${verb} TRIGGER USER`);
}

async function fill(client: ClientBase, { name, columns }: TableShape, rows: AsyncIterable<Buffer>): Promise<void> {
  const there = (await tablesInOrder(client)).find((table) => table.name === name);
  if (there === undefined || columns.some((column) => !there.columns.includes(column))) {
    throw new BackupDatabaseError('backup-mismatch', `the schema of the backup has no such table: ${name}`);
  }
  const list = columns.map((column) => client.escapeIdentifier(column)).join(', ');
  const copy = client.query(copyFrom(`COPY public.${client.escapeIdentifier(name)} (${list}) FROM STDIN`));
  await pipeline(Readable.from(rows, { objectMode: false }), copy);
}
