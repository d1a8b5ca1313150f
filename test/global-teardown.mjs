import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

export default async function globalTeardown() {
  const { testPostgres } =
    /** @type {{ testPostgres?: { postgres: import('../tools/launcher/postgres.mjs').Postgres, dir: string } }} */ (
      /** @type {unknown} */ (globalThis)
    );
  if (!testPostgres) return;
  await testPostgres.postgres.stop();
  const location = join(testPostgres.dir, 'location');
  if (existsSync(location)) rmSync(readFileSync(location, 'utf8').trim(), { recursive: true, force: true });
  rmSync(testPostgres.dir, { recursive: true, force: true });
}
