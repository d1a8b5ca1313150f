import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCaTree } from '@app/pki';

const MAIN = join(__dirname, '..', '..', 'dist', 'apps', 'cli', 'src', 'main.js');
const LIMIT_MS = 60_000;

export interface AditRun {
  code: number | null;
  out: string;
  err: string;
}

export interface AditOptions {
  home: string;
  databaseUrl: string;
  /** Called at once, for tests that stop it. */
  started?: (child: ChildProcess) => void;
}

/** `adit` as a process of its own, where nobody can be asked. */
export const adit = async (argv: string[], { home, databaseUrl, started }: AditOptions): Promise<AditRun> => {
  const env = { PATH: process.env['PATH'], ADIT_HOME: home, ADIT_OWNER_DATABASE_URL: databaseUrl };
  const child = spawn(process.execPath, [MAIN, ...argv], { env, stdio: ['ignore', 'pipe', 'pipe'], timeout: LIMIT_MS });
  const run: AditRun = { code: null, out: '', err: '' };
  child.stdout.on('data', (data) => (run.out += String(data)));
  child.stderr.on('data', (data) => (run.err += String(data)));
  started?.(child);
  const [code] = (await once(child, 'close')) as [number | null];
  return { ...run, code };
};

/** The folder of a deployment that has a CA and secrets, and nothing that runs. */
export const deploymentHome = async (deployment = 'test'): Promise<{ dir: string; remove: () => void }> => {
  const dir = mkdtempSync(join(tmpdir(), 'adit-home-'));
  await openCaTree(join(dir, 'issuer', 'ca'), deployment, new Date());
  const secrets = join(dir, 'secrets', 'federation');
  mkdirSync(secrets, { recursive: true });
  writeFileSync(join(secrets, 'field.key'), '00'.repeat(32), { mode: 0o600 });
  writeFileSync(join(secrets, 'nats.nk'), 'of this message server', { mode: 0o600 });
  writeFileSync(join(dir, 'public-keys.json'), '{}');
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
};
