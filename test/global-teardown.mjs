import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isWholeRun, neverSucceeded } from './api-coverage.mjs';

/** @param {Parameters<typeof isWholeRun>[0]} run */
export default async function globalTeardown(run) {
  const { testPostgres } =
    /** @type {{ testPostgres?: { postgres: import('../tools/launcher/postgres.mjs').Postgres, dir: string } }} */ (
      /** @type {unknown} */ (globalThis)
    );
  if (!testPostgres) return;
  await testPostgres.postgres.stop();
  const location = join(testPostgres.dir, 'location');
  if (existsSync(location)) rmSync(readFileSync(location, 'utf8').trim(), { recursive: true, force: true });
  rmSync(testPostgres.dir, { recursive: true, force: true });
  checkCoverage(run);
}

/**
 * The last test of a whole run: every operation of the API succeeded at least once.
 * @param {Parameters<typeof isWholeRun>[0]} run
 */
function checkCoverage(run) {
  const dir = process.env.TEST_API_DIR;
  if (!dir) return;
  const missing = neverSucceeded(dir);
  rmSync(dir, { recursive: true, force: true });
  if (missing.length > 0 && isWholeRun(run)) {
    throw new Error(`no end-to-end test makes these operations of the API succeed:\n  ${missing.join('\n  ')}`);
  }
}
