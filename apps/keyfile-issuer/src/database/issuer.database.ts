import { Database, type Transaction } from '@app/persistence';
import { withoutOutage } from './outage.js';

/** The issuer's database: transactions of one tenant, or of the named views that see all; an outage is a domain error. */
export class IssuerDatabase {
  constructor(private readonly database: Database) {}

  static async open(url: string): Promise<IssuerDatabase> {
    const database = new Database({ url, applicationName: 'keyfile-issuer' });
    await database.connect();
    return new IssuerDatabase(database);
  }

  async inTenant<T>(tenantId: string, work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.database.inTenant(tenantId, work).catch(rethrow);
  }

  async inSystem<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.database.inSystem(work).catch(rethrow);
  }

  /** The clock by which everything is judged. */
  async now(): Promise<Date> {
    const row = await this.inSystem((tx) => tx.one<{ now: Date }>('SELECT now() AS now'));
    return row?.now ?? new Date(Number.NaN);
  }

  ping(): Promise<boolean> {
    return this.database.ping();
  }

  onApplicationShutdown(): Promise<void> {
    return this.database.close();
  }
}

function rethrow(error: unknown): never {
  throw withoutOutage(error);
}
