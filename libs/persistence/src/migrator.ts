import { DataSource } from 'typeorm';
import { MIGRATIONS } from './migrations/index.js';

/** Any 64-bit number, as long as every migrator takes the same. */
export const ADVISORY_LOCK = 5_500_5500;

const ownerSource = (ownerUrl: string): DataSource =>
  new DataSource({
    type: 'postgres',
    url: ownerUrl,
    applicationName: 'adit-migrate',
    synchronize: false,
    entities: [],
    migrations: MIGRATIONS,
    poolSize: 2,
  });

const withLock = async <T>(ownerUrl: string, work: (source: DataSource) => Promise<T>): Promise<T> => {
  const source = await ownerSource(ownerUrl).initialize();
  const lock = source.createQueryRunner();
  try {
    await lock.query('SELECT pg_advisory_lock($1)', [ADVISORY_LOCK]);
    return await work(source);
  } finally {
    await lock.query('SELECT pg_advisory_unlock($1)', [ADVISORY_LOCK]).catch(() => undefined);
    await lock.release();
    await source.destroy();
  }
};

/** Brings the database up to date. Safe to run twice, and twice at once. @returns names of what was applied */
export const migrateUp = (ownerUrl: string): Promise<string[]> =>
  withLock(ownerUrl, async (source) => (await source.runMigrations({ transaction: 'each' })).map((done) => done.name));

/** Takes back the newest migration; for tests of the migrations themselves. */
export const migrateDown = (ownerUrl: string): Promise<void> =>
  withLock(ownerUrl, (source) => source.undoLastMigration({ transaction: 'each' }));
