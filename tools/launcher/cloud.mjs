import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { AppProcess } from './app-process.mjs';
import { cloudEnvironment } from './cloud-environment.mjs';
import { runCommand } from './command.mjs';
import { LauncherError } from './errors.mjs';
import { CLOUD_APPS, makeOnce, provision } from './provision.mjs';

export const ROOT = join(import.meta.dirname, '..', '..');
const READY_MS = 45_000;

/**
 * @typedef {object} CloudOptions
 * @property {string} dataDir
 * @property {string} ownerUrl of the database
 * @property {Record<string, string>} [logins] database URL per app, of a database that is migrated already
 * @property {{ url: string, tokenFile?: string }} nats
 * @property {import('./cloud-environment.mjs').Ports} ports
 * @property {(name: string, line: string) => void} log
 * @property {import('./provision.mjs').CloudApp[]} [apps] default: all
 * @property {string} [publicHost]
 * @property {boolean} [demo]
 * @property {import('./cloud-environment.mjs').CloudLayout['extra']} [extra]
 *
 * @typedef {object} Cloud
 * @property {Map<import('./provision.mjs').CloudApp, AppProcess>} apps
 * @property {string} firstPasswordFile
 * @property {(limitMs?: number) => Promise<void>} stop
 */

/**
 * Migrates the database and starts the cloud's apps, each as its own process; resolves when all are ready.
 * @param {CloudOptions} options
 * @returns {Promise<Cloud>}
 * @throws {LauncherError} `build-missing`, `config-invalid`, `port-in-use`, `app-failed`
 */
export async function startCloud(options) {
  const { dataDir, ownerUrl, nats, ports, log, publicHost, demo = false, extra } = options;
  const firstPasswordFile = join(dataDir, 'first-password');
  makeOnce(firstPasswordFile, () => `${randomBytes(12).toString('base64url')}\n`);
  for (const name of ['issuer', 'broker']) mkdirSync(join(dataDir, name), { recursive: true, mode: 0o700 });
  const logins = options.logins ?? (await migrate(ownerUrl, join(dataDir, 'logins.json')));
  /** @type {import('./cloud-environment.mjs').CloudLayout} */
  const layout = {
    dataDir,
    natsUrl: nats.url,
    natsTokenFile: nats.tokenFile,
    logins,
    ...provision(dataDir),
    firstPasswordFile,
    publicHost,
    demo,
    ports,
    extra,
  };
  const apps = new Map(
    (options.apps ?? CLOUD_APPS).map((name) => [name, cloudApp(name, cloudEnvironment(name, layout), log)]),
  );
  /** @param {number} [limitMs] */
  const stop = async (limitMs) => {
    await Promise.all([...apps.values()].map((app) => app.stop(limitMs)));
  };
  try {
    await Promise.all([...apps.values()].map((app) => app.start(READY_MS)));
  } catch (error) {
    await stop();
    throw error;
  }
  return { apps, firstPasswordFile, stop };
}

/**
 * @param {string} name
 * @returns {string} the file that Node runs
 */
export function entryOf(name) {
  const entry = join(ROOT, 'dist', 'apps', name, 'src', 'main.js');
  if (!existsSync(entry)) throw new LauncherError('build-missing', `${name} is not built: npm run build`);
  return entry;
}

/**
 * @param {string} name
 * @param {Record<string, string>} env
 * @param {(name: string, line: string) => void} log
 */
function cloudApp(name, env, log) {
  return new AppProcess({ name, entry: entryOf(name), env, log });
}

/**
 * @param {string} ownerUrl
 * @param {string} loginsFile
 * @returns {Promise<Record<string, string>>} database URL per app
 */
async function migrate(ownerUrl, loginsFile) {
  const command = join(ROOT, 'dist', 'libs', 'persistence', 'src', 'migrate.js');
  if (!existsSync(command)) throw new LauncherError('build-missing', 'the migrations are not built: npm run build');
  await runCommand(process.execPath, [command], {
    env: { PATH: process.env.PATH, ADIT_OWNER_DATABASE_URL: ownerUrl, ADIT_LOGINS_FILE: loginsFile },
  });
  return JSON.parse(readFileSync(loginsFile, 'utf8'));
}
