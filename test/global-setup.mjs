import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '../tools/launcher/postgres.mjs';

/** Nothing of a test has to survive a power cut. */
const FAST = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off'];

/**
 * One PostgreSQL for the whole run; each test makes its own databases in it (`test/harness/database.ts`).
 * The workers inherit the variable.
 */
export default async function globalSetup() {
  const dir = mkdtempSync(join(tmpdir(), 'adit-test-'));
  const postgres = await startPostgres({ dir, settings: FAST });
  process.env.TEST_POSTGRES_URL = postgres.ownerUrl;
  process.env.TEST_API_DIR = mkdtempSync(join(tmpdir(), 'adit-test-api-'));
  Object.assign(globalThis, { testPostgres: { postgres, dir } });
}
