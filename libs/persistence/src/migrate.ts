import { rename, writeFile } from 'node:fs/promises';
import { readMigrateConfig } from './config.js';
import { ensureLogins, readLogins } from './logins.js';
import { migrateUp } from './migrator.js';

const { ownerUrl, loginsFile } = readMigrateConfig();
const applied = await migrateUp(ownerUrl);
process.stdout.write(applied.length > 0 ? `applied ${applied.join(', ')}\n` : 'database is up to date\n');
if (loginsFile !== undefined) {
  const logins = await ensureLogins(ownerUrl, await readLogins(loginsFile));
  await writeFile(`${loginsFile}.new`, JSON.stringify(logins, null, 2), { mode: 0o600 });
  await rename(`${loginsFile}.new`, loginsFile);
}
