import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '../tools/launcher/postgres.mjs';

/** Nothing of a test has to survive a power cut. */
const FAST = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off'];

/**
 * One PostgreSQL for the whole run; each test makes its own databases in it, most as copies of a template of this run
 * (`test/harness/database.ts`). The workers inherit the variables.
 */
export default async function globalSetup() {
  const dir = mkdtempSync(join(tmpdir(), 'adit-test-'));
  const postgres = await startPostgres({ dir, settings: FAST });
  process.env.TEST_POSTGRES_URL = postgres.ownerUrl;
  process.env.TEST_TEMPLATE = `template_${randomBytes(6).toString('hex')}`;
  process.env.TEST_API_DIR = mkdtempSync(join(tmpdir(), 'adit-test-api-'));
  // Apps are started hundreds of times: what they are compiled to is kept for the run.
  process.env.NODE_COMPILE_CACHE = join(dir, 'compiled');
  Object.assign(globalThis, { testPostgres: { postgres, dir } });
}
