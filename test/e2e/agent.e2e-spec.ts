import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { entryOf } from '../../tools/launcher/cloud.mjs';
import { waitUntil } from '../harness/condition.js';
import { type ConnectProxy, startConnectProxy } from '../harness/connect-proxy.js';
import { Platform } from '../harness/platform.js';
import type { Site } from '../harness/site.js';

interface Result {
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

interface Seen {
  running: boolean;
  pid: number;
  tunnel: { state: string; proxy: string | null; clockSkewMs: number | null };
  troubles: { code: string }[];
}

/** The agent's command line to its end, whatever it ends with. */
const agent = async (site: Site, args: readonly string[], env: Record<string, string> = {}): Promise<Result> => {
  const child = spawn(process.execPath, [entryOf('agent'), ...args], {
    env: { PATH: process.env['PATH'], ADIT_STATE_DIR: site.stateDir, ADIT_CONTAINER: 'false', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { exitCode: child.exitCode, stdout, stderr };
};

const status = async (site: Site): Promise<Seen> =>
  JSON.parse((await agent(site, ['status', '--json'])).stdout) as Seen;

const identityOf = (site: Site): Record<string, string> =>
  JSON.parse(readFileSync(join(site.stateDir, 'identity.json'), 'utf8')) as Record<string, string>;

describe('adit-agent', () => {
  let platform: Platform;
  let proxy: ConnectProxy;
  /** Its machine sleeps while the other tests run: the broker takes its time to give a site up. */
  let asleep: { site: Site; pid: number };

  beforeAll(async () => {
    platform = await Platform.start({ apps: ['admin-api', 'keyfile-issuer', 'tunnel-broker'] });
    proxy = await startConnectProxy('127.0.0.1', 'site', 'proxy secret');
    const site = await platform.createSite('Asleep');
    await site.run();
    asleep = { site, pid: (await status(site)).pid };
    process.kill(asleep.pid, 'SIGSTOP');
  }, 90_000);

  afterAll(async () => {
    await proxy?.stop();
    await platform?.stop();
  });

  it('shows a keyfile without using it up, enrols once, and says so when asked again', async () => {
    const site = await platform.createSite('Inspected');
    const inspected = await agent(site, ['inspect', site.keyfile]);
    expect(inspected.stdout).toContain('Inspected');
    expect(existsSync(join(site.stateDir, 'identity.json'))).toBe(false);
    const refused = await agent(site, ['enrol', site.keyfile]);
    expect(refused).toMatchObject({ exitCode: 77, stderr: expect.stringContaining('not-confirmed') as string });
    const [fingerprint = ''] = /(?<=Fingerprint\s+)\S+/.exec(inspected.stdout) ?? [];
    const wrong = await agent(site, ['enrol', site.keyfile, '--expect-fingerprint', 'AAAA-AAAA-AAAA']);
    expect(wrong).toMatchObject({ exitCode: 77, stderr: expect.stringContaining('fingerprint-mismatch') as string });
    const enrolled = await agent(site, ['enroll', site.keyfile, '--expect-fingerprint', fingerprint]);
    expect(enrolled).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('Enrolled as "Inspected"') as string,
    });
    const again = await agent(site, ['enrol', site.keyfile]);
    expect(again).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('enrolled already') as string });
  }, 60_000);

  it('tells a machine that comes with a keyfile somebody else has used to ask for a replacement', async () => {
    const site = await platform.createSite('Used');
    await agent(site, ['enrol', site.keyfile, '--yes']);
    const late = await agent(site, ['enrol', site.keyfile, '--yes', '--state', join(platform.dataDir, 'other-state')]);
    expect(late).toMatchObject({ exitCode: 76, stderr: expect.stringContaining('replacement keyfile') as string });
    expect(late.stderr).toMatch(/^enrolment-(used|closed): /m);
  }, 60_000);

  it('runs unattended with a mounted keyfile, and goes on as the same site when it is started again', async () => {
    await using site = await platform.createSite('Mounted');
    await site.run();
    const first = identityOf(site);
    expect(await status(site)).toMatchObject({ running: true, tunnel: { state: 'up', proxy: null } });
    expect((await agent(site, ['status', '--check'])).exitCode).toBe(0);
    const second = await agent(site, ['run']);
    expect(second).toMatchObject({ exitCode: 73, stderr: expect.stringContaining('state-locked') as string });
    await site.stop();
    expect(existsSync(join(site.stateDir, 'agent.lock'))).toBe(false);
    expect(await status(site)).toMatchObject({ running: false, tunnel: { state: 'stopped' } });
    expect((await agent(site, ['status', '--check'])).exitCode).toBe(1);
    await site.run();
    expect(identityOf(site)).toEqual(first);
    await site.kill();
    expect(identityOf(site)).toEqual(first);
  }, 60_000);

  it("refuses another site's keyfile until it is reset, and keeps cameras and users then", async () => {
    const site = await platform.createSite('Kept');
    const other = await platform.createSite('Other');
    await agent(site, ['enrol', site.keyfile, '--yes']);
    await agent(site, ['user', 'add', 'federation']);
    const refused = await agent(site, ['run', '--keyfile', other.keyfile]);
    expect(refused).toMatchObject({ exitCode: 73, stderr: expect.stringContaining('identity-exists') as string });
    expect((await agent(site, ['reset', '--yes'])).exitCode).toBe(0);
    expect(existsSync(join(site.stateDir, 'users.json'))).toBe(true);
    expect((await agent(site, ['enrol', other.keyfile, '--yes'])).exitCode).toBe(0);
    expect(identityOf(site)['siteName']).toBe('Other');
  }, 60_000);

  it('leaves by the HTTP proxy of the environment, with its credentials', async () => {
    await using site = await platform.createSite('Behind a proxy', {
      env: { HTTPS_PROXY: `http://site:proxy%20secret@127.0.0.1:${proxy.port}` },
    });
    await site.run();
    expect((await status(site)).tunnel).toMatchObject({ state: 'up', proxy: `127.0.0.1:${proxy.port}` });
    // The enrolment and the tunnel.
    expect(proxy.targets.length).toBeGreaterThanOrEqual(2);
  }, 60_000);

  it('names the proxy that refuses it', async () => {
    const site = await platform.createSite('Locked in');
    const env = { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` };
    const refused = await agent(site, ['enrol', site.keyfile, '--yes', '--timeout', '1'], env);
    expect(refused).toMatchObject({ exitCode: 69, stderr: expect.stringContaining('proxy-auth-required') as string });
    expect(refused.stderr).toContain(`127.0.0.1:${proxy.port}`);
  }, 60_000);

  it('checks the way to the cloud before and after the enrolment', async () => {
    const site = await platform.createSite('Checked');
    const before = await agent(site, ['check', '--json', '--keyfile', site.keyfile]);
    const codes = (JSON.parse(before.stdout) as { findings: { code: string }[] }).findings.map(({ code }) => code);
    expect(codes).toEqual(expect.arrayContaining(['keyfile-ok', 'proxy-none', 'tcp-ok', 'tls-ok', 'clock-ok']));
    expect(before.exitCode).toBe(0);
    await agent(site, ['enrol', site.keyfile, '--yes']);
    const after = await agent(site, ['check']);
    expect(after).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('identity-ok') as string });
  }, 60_000);

  it('does not take a damaged identity for a missing one', async () => {
    const site = await platform.createSite('Damaged');
    await agent(site, ['enrol', site.keyfile, '--yes']);
    writeFileSync(join(site.stateDir, 'identity.json'), '{');
    const refused = await agent(site, ['run', '--keyfile', site.keyfile]);
    expect(refused).toMatchObject({ exitCode: 73, stderr: expect.stringContaining('state-damaged') as string });
  }, 60_000);

  it('comes back when its machine wakes up, long after the broker gave it up', async () => {
    const { site, pid } = asleep;
    const openSessions = async (): Promise<number> => {
      const rows = await platform.query(`SELECT id FROM tunnel_session WHERE site_id = $1 AND closed_at IS NULL`, [
        site.record.id,
      ]);
      return rows.length;
    };
    await waitUntil('the broker has given the site up', async () => (await openSessions()) === 0, 60_000);
    process.kill(pid, 'SIGCONT');
    const woken = performance.now();
    await waitUntil('the tunnel is up again', async () => (await openSessions()) === 1);
    expect(performance.now() - woken).toBeLessThan(5_500);
    await site.stop();
  }, 90_000);

  it('is back within five seconds of a broker that was killed', async () => {
    await using site = await platform.createSite('Patient');
    await site.run();
    await platform.kill('tunnel-broker');
    const returned = performance.now();
    await waitUntil('the tunnel is up again', async () => {
      const { tunnel, troubles } = await status(site);
      return tunnel.state === 'up' && troubles.length > 0;
    });
    expect(performance.now() - returned).toBeLessThan(5_500);
  }, 60_000);
});
