import { readFileSync, statSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { encodeMessage, type ControlResponse } from '@app/contracts';
import type { Session } from '@app/multiplex';
import { fromBufferPromise } from 'yauzl';
import type { Rest, Site } from '../../tools/demo/rest.mjs';
import { waitUntil } from '../harness/condition.js';
import { entityIdOf } from '../harness/federated-site.js';
import { OperatorCli } from '../harness/operator-cli.js';
import { otherTenant } from '../harness/other-tenant.js';
import { Platform } from '../harness/platform.js';
import { RegularSite } from '../harness/regular-site.js';
import { SteeredSystem } from '../harness/steered-system.js';
import { askControl, outageOf, report, reportOf } from '../harness/site-reports.js';
import { closeOf, type Credentials, enrolled, openTunnel } from '../harness/tunnel-agent.js';
import { firstPassword } from './operators.js';

interface Seen {
  from: string;
  to: string | null;
  host: { reason: string | null } | null;
  site: { id: string; cause: string; from: string; to: string; faults: object[] } | null;
}

interface Diagnosis {
  verdict: { state: string; code: string; advice: string };
  further: { code: string }[];
  host: { tunnel: string; roundTripMs: number | null };
  roles: { state: string; direct: boolean }[] | null;
  site: object | null;
  outages: Seen[];
  uplink: { videoBitsPerSecond: number };
}

let platform: Platform;
let rest: Rest;
const system = new SteeredSystem();
let directory: RegularSite;
let site: Site;
let credentials: Credentials;
let session: Session;

const diagnose = async ({ id }: Site = site, query = ''): Promise<Diagnosis> =>
  (await rest.call('GET', `/sites/${id}/diagnosis${query}`)) as Diagnosis;
const verdictOf = async (of: Site = site): Promise<string> => {
  const { state, code } = (await diagnose(of)).verdict;
  return `${state} ${code}`;
};
const connect = (clockOffsetMs = 0): Promise<Session> =>
  openTunnel(platform.ports.tunnel, credentials, {
    services: { directory: directory.server.lanPort },
    clockOffsetMs,
  });
const roleIs = async (state: string): Promise<void> =>
  waitUntil(`the role is ${state}`, async () => (await diagnose()).roles?.[0]?.state === state);
const outageCount = async ({ id }: Site): Promise<number> => {
  const [row] = await platform.query<{ rows: number }>(
    'SELECT count(*)::int AS rows FROM site_outage WHERE site_id = $1',
    [id],
  );
  return row?.rows ?? 0;
};

const filesOf = async (file: string): Promise<Map<string, string>> => {
  const zip = await fromBufferPromise(readFileSync(file));
  const files = new Map<string, string>();
  for await (const entry of zip.eachEntry()) {
    files.set(entry.fileName, await text(await zip.openReadStreamPromise(entry)));
  }
  return files;
};

beforeAll(async () => {
  [platform, directory] = await Promise.all([
    Platform.start({ apps: ['keyfile-issuer', 'tunnel-broker', 'federation', 'admin-api'] }),
    RegularSite.start({ connectors: [system] }),
  ]);
  rest = await platform.signIn();
  site = await rest.createSite('Hamburg');
}, 60_000);

afterAll(async () => {
  session?.close();
  await directory?.stop();
  await platform?.stop();
}, 30_000);

describe('the diagnosis of a site', () => {
  it('that has never connected says what it waits for', async () => {
    expect(await verdictOf()).toBe('never-connected no-keyfile');
    const { content } = await rest.issueKeyfile(site.id);
    expect(await verdictOf()).toBe('never-connected waiting-for-agent');
    expect(await diagnose()).toMatchObject({ host: { tunnel: 'never' }, site: null, outages: [], further: [] });
    credentials = await enrolled(platform.ports.tunnel, content, { siteTlsSpki: directory.tlsSpki });
  });

  it('that is up goes from the role without an account to nothing wrong at all', async () => {
    session = await connect();
    expect(await verdictOf()).toBe('degraded role-unconfigured');
    const [role] = await rest.list<{ id: string }>(`/federation-roles?siteId=${site.id}`);
    const account = { username: directory.username, password: 'wrong', enabled: true };
    await rest.call('PATCH', `/federation-roles/${role?.id}`, account);
    await roleIs('invalid-credentials');
    expect(await verdictOf()).toBe('degraded role-credentials');
    await rest.call('PATCH', `/federation-roles/${role?.id}`, { password: directory.password });
    await roleIs('connected');
    const { verdict, roles, hops } = (await diagnose()) as Diagnosis & { hops: object[] };
    expect(verdict).toMatchObject({ state: 'up', code: 'ok' });
    expect(roles).toMatchObject([{ state: 'connected', direct: false }]);
    expect(hops).toHaveLength(3);
  });

  it('names the hop that is slow', async () => {
    system.slowMs = 1_050;
    await rest.call('POST', `/cameras/${await entityIdOf(platform, site.id, 'dome')}/ptz`, { action: 'home' });
    system.slowMs = 0;
    const { verdict, slowHop } = (await diagnose()) as Diagnosis & { slowHop: string };
    expect([verdict.code, slowHop]).toEqual(['slow-hop', 'site-device']);
  });

  it('that is down has the reasons of both ends once its agent is back', async () => {
    session.close();
    await waitUntil('the tunnel is down', async () => (await diagnose()).host.tunnel === 'down');
    expect(await verdictOf()).toBe('down agent-stopped');
    const [lasting] = (await diagnose()).outages;
    expect(lasting).toMatchObject({ to: null, host: { reason: 'normal' }, site: null });
    session = await connect();
    const at = new Date().toISOString();
    const fault = {
      code: 'dns-failed',
      endpoint: 'h:5500',
      detail: 'ENOTFOUND\u001b[2J',
      count: 4,
      firstAt: at,
      lastAt: at,
    };
    const seen = outageOf(2, 0, { cause: 'process-stopped', faults: [fault], restarts: 1 });
    expect(await report(session, seen)).toEqual({ ok: true, answer: {} });
    const { outages, site: told, uplink } = await diagnose();
    expect(outages).toMatchObject([
      { to: expect.any(String) as string, host: { reason: 'normal' }, site: { id: seen.id, cause: 'process-stopped' } },
    ]);
    expect(outages[0]?.site?.faults).toMatchObject([{ code: 'dns-failed', detail: 'ENOTFOUND[2J', count: 4 }]);
    expect(told).toMatchObject({ agentVersion: '0.1.0', clockSkewMs: 3 });
    expect(uplink).toMatchObject({ limitBitsPerSecond: 10_000_000, roundTripMs: 41.5, videoBitsPerSecond: 0 });
    const again = { ...seen, cause: 'something-else' };
    const answers = await Promise.all([1, 2, 3].map(() => askControl(session, reportOf(again, again))));
    expect(answers.map(({ ok }) => ok)).toEqual([true, true, true]);
    expect((await diagnose()).outages).toEqual(outages);
  });

  it('says null for what does not answer, and fails at nothing', async () => {
    await platform.query(`UPDATE broker SET heartbeat_at = now() - interval '16 seconds'`);
    expect(await diagnose()).toMatchObject({ host: { tunnel: 'stale', roundTripMs: null } });
    process.kill(platform.pid('federation'), 'SIGSTOP');
    try {
      const { roles, verdict, further } = await diagnose();
      expect(roles).toBeNull();
      expect([verdict, ...further].map(({ code }) => code)).toContain('federation-silent');
    } finally {
      process.kill(platform.pid('federation'), 'SIGCONT');
    }
  });

  it('is nobody else’s affair', async () => {
    const { rest: stranger } = await otherTenant(platform);
    await expect(stranger.call('GET', `/sites/${site.id}/diagnosis`)).rejects.toThrow('404 not-found');
    await expect(diagnose(site, '?limit=101')).rejects.toThrow('400 invalid-request');
    await expect(diagnose(site, '?limit=x')).rejects.toThrow('400 invalid-request');
  });
});

describe('the reports of a site', () => {
  const codeOf = (answer: ControlResponse): string => (answer.ok ? 'ok' : answer.code);

  it('are taken in a row after a long time offline, and refused beyond one a second', async () => {
    const answers: ControlResponse[] = [];
    for (let turn = 0; turn < 40; turn += 1) answers.push(await askControl(session, reportOf()));
    expect(answers.slice(0, 25).map(codeOf)).toEqual(Array.from({ length: 25 }, () => 'ok'));
    expect(answers.at(-1)).toMatchObject({ code: 'rate-limited', retryAfterMs: expect.any(Number) as number });
    expect(await report(session)).toMatchObject({ ok: true });
  });

  it.each([
    ['of too many outages', reportOf(...Array.from({ length: 9 }, () => outageOf(2, 1)))],
    ['with a time that is none', reportOf(outageOf(2, 1, { from: 'yesterday' }))],
    ['with a cause that is too long', reportOf(outageOf(2, 1, { cause: 'x'.repeat(61) }))],
    ['for a site that it names', encodeMessage({ kind: 'report', outages: [], now: {}, siteId: 'x' })],
    ['of another form', encodeMessage({ kind: 'report', outages: 'many' })],
    ['beyond 16 KiB', Buffer.from([0, 0, 0x40, 1])],
  ])('%s are refused', async (_case, bytes) => {
    const before = await outageCount(site);
    expect(codeOf(await askControl(session, bytes))).toBe('invalid-request');
    expect(await outageCount(site)).toBe(before);
  });

  it('are kept for 500 outages, the newest', async () => {
    await platform.query(
      `INSERT INTO site_outage (tenant_id, site_id, id, began_at, ended_at, cause, faults, restarts, clock_jump_ms)
       SELECT tenant_id, id, gen_random_uuid(), now() - make_interval(days => n + 1), now() - make_interval(days => n + 1), 'x', '[]', 0, 0
         FROM site, generate_series(1, 600) n WHERE id = $1`,
      [site.id],
    );
    await report(session, outageOf(20, 15), outageOf(10, 5));
    expect(await outageCount(site)).toBe(500);
    const { outages } = await diagnose(site, '?limit=100');
    expect(outages).toHaveLength(100);
    expect(outages.filter(({ site: told }) => told?.cause === 'peer-silent')).toHaveLength(2);
  });

  it('of a wrong clock are put right, and the clock is what is wrong', async () => {
    session.close();
    await closeOf(session);
    const twoHours = 7_200_000;
    session = await connect(twoHours);
    const seen = outageOf(3, 0, { cause: 'clocked' }, Date.now() + twoHours);
    await report(session, seen);
    const told = (await diagnose()).outages.find(({ site: from }) => from?.id === seen.id);
    expect(Math.abs(Date.parse(told?.site?.from ?? '') - (Date.now() - 3_000))).toBeLessThan(4_000);
    expect(told?.host).not.toBeNull();
    const { verdict, further } = await diagnose();
    expect([verdict, ...further].map(({ code }) => code)).toContain('clock-off');
  });
});

describe('an operator at his shell', () => {
  let operator: OperatorCli;

  beforeAll(async () => {
    operator = new OperatorCli();
    const login = ['login', '--url', platform.api, '--username', 'admin', '--password-file', '-'];
    await operator.run(login, { input: firstPassword(platform) });
  });

  afterAll(() => operator?.remove());

  it('reads the verdict first', async () => {
    const lines = (await operator.ok('site', 'diagnose', 'hamburg', '--outages', '2')).split('\n');
    expect(lines[0]).toMatch(/^Verdict +\w+: [\w-]+$/);
    expect(lines.filter((line) => line.startsWith('Outage'))).toHaveLength(2);
  });

  it('takes a bundle home that only he reads, once', async () => {
    await rest.call('PATCH', `/sites/${site.id}`, { notes: 'the code of the door is 4711' });
    const file = operator.file('hamburg.zip');
    await operator.ok('site', 'support', 'hamburg', '-o', file);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const files = await filesOf(file);
    expect([...files.keys()].sort()).toEqual(
      ['agents', 'audit', 'diagnosis', 'manifest', 'roles', 'sessions', 'site', 'streams'].map(
        (name) => `${name}.json`,
      ),
    );
    expect(JSON.parse(files.get('manifest.json') ?? '')).toMatchObject({ missing: [], site: { label: 'hamburg' } });
    expect(JSON.parse(files.get('audit.json') ?? '')).toContainEqual(
      expect.objectContaining({ action: 'site.created' }),
    );
    expect([...files.values()].join('')).not.toMatch(/4711|"right"/);
    expect(await operator.run(['site', 'support', 'hamburg', '-o', file])).toMatchObject({ exitCode: 73 });
  });
});

describe('a viewer at his shell', () => {
  it('takes home what he may see, and is told what is missing', async () => {
    const name = { username: 'lena', password: 'a viewer looks and watches' };
    await rest.call('POST', '/operators', { ...name, roles: ['viewer'] });
    const { token = '' } = await rest.signIn(name.username, name.password);
    const viewer = new OperatorCli();
    try {
      const env = { ADIT_URL: platform.api, ADIT_TOKEN: token };
      const call = ['site', 'support', 'hamburg', '-o', viewer.file('x.zip'), '--json'];
      const { exitCode, out } = await viewer.run(call, { env });
      expect(exitCode).toBe(0);
      const files = ['diagnosis', 'roles', 'sessions', 'site'].map((file) => `${file}.json`);
      expect((JSON.parse(out) as { files: string[] }).files.sort()).toEqual(['manifest.json', ...files].sort());
      const missing = ['agents', 'audit', 'streams'].map((file) => ({ file: `${file}.json`, code: 'forbidden' }));
      const manifest = JSON.parse((await filesOf(viewer.file('x.zip'))).get('manifest.json') ?? '') as {
        missing: object[];
      };
      expect(manifest.missing).toEqual(expect.arrayContaining(missing));
    } finally {
      viewer.remove();
    }
  });
});

describe('a site that is deleted', () => {
  it('takes its reports with it', async () => {
    const [agent] = await rest.list<{ agentId: string }>(`/agents?siteId=${site.id}`);
    await rest.call('POST', `/agents/${agent?.agentId}/revoke`, {});
    await closeOf(session);
    await waitUntil('the agent’s end is on record', async () => (await diagnose()).verdict.code === 'agent-revoked');
    await rest.call('DELETE', `/sites/${site.id}`);
    expect(await outageCount(site)).toBe(0);
    const rows = await platform.query('SELECT FROM site_condition WHERE site_id = $1', [site.id]);
    expect(rows).toHaveLength(0);
  });
});
