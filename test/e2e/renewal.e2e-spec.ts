import { X509Certificate } from 'node:crypto';
import type { Server } from 'node:net';
import { join } from 'node:path';
import { AgentProcess } from '../harness/agent-process.js';
import { waitUntil } from '../harness/condition.js';
import { EchoLoad, startEcho } from '../harness/echo-load.js';
import { type TestSite, TunnelCloud } from '../harness/tunnel-cloud.js';

const LOADS = 12;
const SOME_BYTES = 64 * 1024;
/** Renewed at some ten seconds by itself. */
const LIFE_S = 15;
const ASKED = 20;

let cloud: TunnelCloud;
let echo: { server: Server; port: number };
let site: TestSite;
let agent: AgentProcess;
let agentId: string;

beforeAll(async () => {
  echo = await startEcho();
  cloud = await TunnelCloud.start({ extra: { 'keyfile-issuer': { ADIT_AGENT_CERTIFICATE_LIFE: `${LIFE_S}s` } } });
  site = await cloud.newSite();
  const keyfile = await cloud.newKeyfile(site);
  agentId = keyfile.agentId;
  const stateDir = join(cloud.platform.dataDir, 'agent');
  agent = new AgentProcess({ stateDir, keyfile: keyfile.text, echoPort: echo.port });
  await agent.start();
}, 90_000);

afterAll(async () => {
  await agent?.stop();
  await cloud?.stop();
  echo?.server.close();
}, 30_000);

const dial = async (): Promise<EchoLoad> =>
  EchoLoad.dial(
    cloud.ingressPort,
    `echo.${site.label}.tunnel.adit.internal`,
    await cloud.ticket(site.label, 'echo', { class: 'bulk' }),
  );

const certificates = () =>
  cloud.query<{ serial: string; state: string; der: Buffer }>(
    'SELECT serial, state, der FROM certificate WHERE agent_id = $1 ORDER BY generation',
    [agentId],
  );

const current = async (): Promise<string | undefined> =>
  (await certificates()).find(({ state }) => state === 'current')?.serial;

describe('a certificate that is renewed again and again', () => {
  it('costs no channel a byte, although each certificate lives for fifteen seconds only', async () => {
    const loads = await Promise.all(Array.from({ length: LOADS }, dial));
    await waitUntil('it has renewed by itself', async () => (await certificates()).length >= 3, 40_000);
    for (let turn = 0; turn < ASKED; turn += 1) {
      const before = agent.serial;
      agent.askToRenew();
      await waitUntil('it has renewed on request', () => agent.serial !== before, 10_000);
    }
    const received = Math.max(...loads.map((load) => load.received));
    await waitUntil('every load goes on', () => loads.every((load) => load.received >= received + SOME_BYTES));
    for (const load of loads) load.finish();
    const ends = await Promise.all(loads.map(({ ended }) => ended));
    expect(ends.filter(({ intact }) => !intact)).toEqual([]);
    const rows = await certificates();
    // A renewal that was due may have answered a request.
    expect(rows.length).toBeGreaterThan(ASKED);
    expect(rows.filter(({ state }) => state === 'current')).toHaveLength(1);
    const keys = rows.map(({ der }) => new X509Certificate(der).publicKey.export({ format: 'der', type: 'spki' }));
    expect(new Set(keys.map((key) => key.toString('hex'))).size).toBe(rows.length);
    // One session from the first to the last certificate.
    expect(await cloud.sessions(site)).toMatchObject([{ closed_at: null, certificate_serial: await current() }]);
  }, 120_000);

  it('is told by the status, and can be asked for by a command', async () => {
    const printed = await agent.command('renew');
    expect(printed).toContain(`Renewed: certificate ${await current()}`);
    const status = await agent.command('status');
    expect(status).toMatch(/Next renewal +20/);
    expect(status).toMatch(/Last renewal +renewed/);
    expect(status).toMatch(/Clock skew +-?\d+ ms/);
  }, 30_000);

  it('leaves the way of every step in the audit', async () => {
    const actions = await cloud.audited(agentId);
    expect(actions[0]).toBe('agent.activated');
    expect(actions.filter((action) => action === 'renewal.issued').length).toBe(
      actions.filter((action) => action === 'agent.renewed').length,
    );
    expect(new Set(actions)).toEqual(new Set(['agent.activated', 'renewal.issued', 'agent.renewed']));
  });
});
