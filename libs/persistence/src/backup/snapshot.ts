import { Client } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { appliedMigrations, sequenceStates, type SequenceState, type TableShape, tablesInOrder } from './catalog.js';
import { BackupDatabaseError } from './errors.js';

/** Everything that the database held at one moment, read in one transaction while the apps go on. */
export class Snapshot {
  private constructor(
    private readonly client: Client,
    /** The moment, by the database's clock. */
    readonly takenAt: Date,
    readonly migrations: readonly string[],
    /** Each after those that it refers to. */
    readonly tables: readonly TableShape[],
    readonly sequences: readonly SequenceState[],
  ) {}

  /** @param ownerUrl of a login that reads past row-level security. @throws BackupDatabaseError `schema-missing`; errors of pg */
  static async open(ownerUrl: string): Promise<Snapshot> {
    const client = new Client({ connectionString: ownerUrl, application_name: 'adit-backup', keepAlive: true });
    // A lost connection fails the query that is under way.
    client.on('error', () => undefined);
    await client.connect();
    try {
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
      await client.query('SET LOCAL row_security = off');
      const migrations = await appliedMigrations(client);
      if (migrations === undefined)
        throw new BackupDatabaseError('schema-missing', 'the database holds no schema of ours');
      const { rows } = await client.query<{ now: Date }>('SELECT now() AS now');
      const [tables, sequences] = [await tablesInOrder(client), await sequenceStates(client)];
      return new Snapshot(client, rows[0]?.now ?? new Date(Number.NaN), migrations, tables, sequences);
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
  }

  /** The rows in PostgreSQL's text format of COPY; one table after the other. */
  read({ name, columns }: TableShape): AsyncIterable<Buffer> {
    const list = columns.map((column) => this.client.escapeIdentifier(column)).join(', ');
    // A query, because COPY reads no partitioned table.
    return this.client.query(
      copyTo(`COPY (SELECT ${list} FROM public.${this.client.escapeIdentifier(name)}) TO STDOUT`),
    );
  }

  async close(): Promise<void> {
    await this.client.end().catch(() => undefined);
  }
}
