import { DomainError } from '@app/contracts';
import { Database, isDatabaseAway, type Transaction } from '@app/persistence';

const RETRY_AFTER_MS = 1_000;

/** Federation's database: an outage is the domain error `unavailable`, so that nobody mistakes it for an answer. */
export class FederationDatabase {
  constructor(private readonly database: Database) {}

  static async open(url: string): Promise<FederationDatabase> {
    const database = new Database({ url, applicationName: 'federation' });
    await database.connect();
    return new FederationDatabase(database);
  }

  inTenant<T>(tenantId: string, work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.database.inTenant(tenantId, work).catch(rethrow);
  }

  inSystem<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.database.inSystem(work).catch(rethrow);
  }

  ping(): Promise<boolean> {
    return this.database.ping();
  }

  onApplicationShutdown(): Promise<void> {
    return this.database.close();
  }
}

const rethrow = (cause: unknown): never => {
  if (!isDatabaseAway(cause)) throw cause;
  throw new DomainError('unavailable', 'the database does not answer now', { retryAfterMs: RETRY_AFTER_MS, cause });
};
