import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { startPostgres, type Postgres } from '../../tools/launcher/postgres.mjs';
import { waitUntil } from '../harness/condition.js';

describe('the embedded PostgreSQL', () => {
  let dir: string;
  let postgres: Postgres | undefined;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'adit-postgres-test-'));
    chmodSync(dir, 0o755);
  });

  afterEach(async () => {
    await postgres?.stop();
    const location = join(dir, 'db', 'location');
    if (existsSync(location)) rmSync(readFileSync(location, 'utf8').trim(), { recursive: true, force: true });
    rmSync(dir, { recursive: true, force: true });
  });

  const start = async (options: { usePackage?: boolean } = {}): Promise<Postgres> => {
    postgres = await startPostgres({ dir: join(dir, 'db'), ...options });
    return postgres;
  };

  const query = async (url: string, text: string): Promise<Record<string, unknown>[]> => {
    const client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(text)).rows;
    } finally {
      await client.end();
    }
  };

  it.each([
    ['that npm has brought', true],
    ['of the PATH', false],
  ])(
    '%s goes on with its data, its port and its passwords',
    async (_which, usePackage) => {
      const first = await start({ usePackage });
      await query(first.ownerUrl, 'CREATE TABLE kept AS SELECT 7 AS number');
      await first.stop();
      const second = await start({ usePackage });
      expect(second.ownerUrl).toBe(first.ownerUrl);
      expect(await query(second.ownerUrl, 'SELECT number FROM kept')).toEqual([{ number: 7 }]);
    },
    30_000,
  );

  it('is durable, listens on loopback alone, asks for a password, and its owner is no superuser', async () => {
    const { ownerUrl } = await start();
    const settings = `SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commit,
      current_setting('listen_addresses') AS listens, rolsuper AS super FROM pg_roles WHERE rolname = current_user`;
    expect(await query(ownerUrl, settings)).toEqual([
      { fsync: 'on', commit: 'on', listens: '127.0.0.1', super: false },
    ]);
    const wrong = new URL(ownerUrl);
    wrong.password = 'wrong';
    await expect(query(wrong.toString(), 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
    for (const name of ['superuser', 'owner']) {
      expect(statSync(join(dir, 'db', `${name}.password`)).mode & 0o777).toBe(0o600);
    }
  }, 30_000);

  it('comes back by itself after a kill -9, with every committed row', async () => {
    const server = await start();
    await query(server.ownerUrl, 'CREATE TABLE kept AS SELECT 7 AS number');
    const pid = Number(server.pid());
    process.kill(pid, 'SIGKILL');
    const answers = (): Promise<boolean> =>
      query(server.ownerUrl, 'SELECT number FROM kept').then(
        () => true,
        () => false,
      );
    await waitUntil('the database answers again', async () => server.pid() !== pid && (await answers()));
  }, 30_000);

  it('left by a killed launcher is taken over', async () => {
    const module = join(__dirname, '../../tools/launcher/postgres.mjs');
    const script = `const { startPostgres } = await import(${JSON.stringify(module)});
      const { pid } = await startPostgres({ dir: ${JSON.stringify(join(dir, 'db'))} });
      process.stdout.write(String(pid()), () => process.exit(0));`;
    const stray = Number(execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }));
    process.kill(stray, 0);
    const { ownerUrl } = await start();
    await waitUntil('the stray server is gone', () => !existsSync(`/proc/${stray}/exe`));
    expect(await query(ownerUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  }, 30_000);

  it('starts from a folder that is closed to other users', async () => {
    chmodSync(dir, 0o700);
    const { ownerUrl } = await start();
    expect(await query(ownerUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  }, 30_000);
});
