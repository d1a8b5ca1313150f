import type { EventEmitter } from 'node:events';
import { DataSource } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { withoutOutage } from './outage.js';
import { Transaction, type TransactionOutcome } from './transaction.js';

export interface DatabaseOptions {
  url: string;
  /** Shown in pg_stat_activity. */
  applicationName: string;
  poolSize?: number;
  connectTimeoutMs?: number;
  statementTimeoutMs?: number;
  /** A process that hangs in a transaction holds its locks for so long. */
  idleTransactionMs?: number;
}

/**
 * The pool of one app, under the app's own login. Work runs in a transaction: of one tenant, or of the system's named
 * views. A database that is away is the DomainError `unavailable`, so that nobody mistakes an outage for an answer.
 */
export class Database {
  private readonly source: DataSource;
  private closing: Promise<void> | undefined;

  constructor(options: DatabaseOptions) {
    this.source = new DataSource({
      type: 'postgres',
      url: options.url,
      applicationName: options.applicationName,
      poolSize: options.poolSize ?? 8,
      connectTimeoutMS: options.connectTimeoutMs ?? 5_000,
      synchronize: false,
      logging: false,
      entities: [],
      extra: {
        statement_timeout: options.statementTimeoutMs ?? 10_000,
        idle_in_transaction_session_timeout: options.idleTransactionMs ?? 30_000,
        keepAlive: true,
      },
      poolErrorHandler: () => undefined, // a lost idle connection is replaced by the next query
    });
  }

  /** Connected at once, so that a wrong URL stops the start. */
  static async open(options: DatabaseOptions): Promise<Database> {
    const database = new Database(options);
    await database.connect();
    return database;
  }

  async connect(): Promise<void> {
    if (this.source.isInitialized) return;
    await this.source.initialize();
    const pool = (this.source.driver as PostgresDriver).master as EventEmitter;
    // One that ends in the very read in which it is ready is nobody's yet: between the pool, which has let go of it, and
    // whoever asked for it, its error would end the process.
    pool.on('connect', (client: EventEmitter) => client.on('error', () => undefined));
  }

  /** Closing twice is harmless. */
  close(): Promise<void> {
    this.closing ??= this.source.isInitialized ? this.source.destroy() : Promise.resolve();
    return this.closing;
  }

  /** Called by Nest for whoever provides it. */
  onApplicationShutdown(): Promise<void> {
    return this.close();
  }

  /** The clock by which everything is judged. */
  async now(): Promise<Date> {
    const row = await this.inSystem((tx) => tx.one<{ now: Date }>('SELECT now() AS now'));
    return row?.now ?? new Date(Number.NaN);
  }

  /** Row-level security shows and accepts this tenant's rows only. */
  inTenant<T>(tenantId: string, work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.inTransaction(async (tx) => {
      await tx.query(`SELECT set_config('adit.tenant', $1, true)`, [tenantId]);
      return work(tx);
    });
  }

  /** No tenant: only the named views, functions and tables without a tenant answer. */
  inSystem<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.inTransaction(work);
  }

  /** True when the database answers. */
  async ping(): Promise<boolean> {
    try {
      await this.source.query('SELECT 1');
      return true;
    } catch {
      return false;
    }
  }

  private async inTransaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    const runner = this.source.createQueryRunner();
    const tx = new Transaction(runner);
    let outcome: TransactionOutcome = 'rolled-back';
    try {
      await runner.startTransaction();
      const result = await work(tx);
      outcome = 'unknown';
      await runner.commitTransaction();
      outcome = 'committed';
      return result;
    } catch (error) {
      // The connection may be the very thing that failed.
      if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => undefined);
      throw withoutOutage(error);
    } finally {
      tx.end(outcome);
      await runner.release().catch(() => undefined);
    }
  }
}
