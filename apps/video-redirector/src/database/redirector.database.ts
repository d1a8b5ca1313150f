import { DomainError } from '@app/contracts';
import { Database, isDatabaseAway, type Transaction } from '@app/persistence';

/** A viewer waits for the answer: better a quick `unavailable` than a late one. */
const TIMEOUT_MS = 3_000;
const RETRY_AFTER_MS = 1_000;

/** The redirector's database: an outage is the domain error `unavailable`. Running streams do not need it. */
export class RedirectorDatabase {
  constructor(private readonly database: Database) {}

  static async open(url: string): Promise<RedirectorDatabase> {
    const options = { connectTimeoutMs: TIMEOUT_MS, statementTimeoutMs: TIMEOUT_MS };
    const database = new Database({ url, applicationName: 'video-redirector', ...options });
    await database.connect();
    return new RedirectorDatabase(database);
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
