import { mkdirSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:net';
import { join } from 'node:path';
import { AppProcess } from '../../tools/launcher/app-process.mjs';
import { entryOf } from '../../tools/launcher/cloud.mjs';
import { waitUntil } from '../harness/condition.js';
import { EchoLoad, startEcho } from '../harness/echo-load.js';
import { closeOf, type Credentials, enrolled, openTunnel } from '../harness/tunnel-agent.js';
import { type SecondBroker, type SessionRow, type TestSite, TunnelCloud } from '../harness/tunnel-cloud.js';
import { startWanLink, type WanLink } from '../harness/wan-link.js';

const DEADLINE_MS = 6_000;
const LOADS = 16;
const SOME_BYTES = 128 * 1024;

/** Broker A is one more process, B the platform's, which the launcher starts again. The agent reaches each by a line. */
let cloud: TunnelCloud;
let a: SecondBroker;
let aId: string;
let toA: WanLink;
let toB: WanLink;
let echo: { server: Server; port: number };

const ADIT_DRAIN_DEADLINE_MS = String(DEADLINE_MS);

beforeAll(async () => {
  echo = await startEcho();
  [toA, toB] = await Promise.all([startWanLink({ target: { port: 0 } }), startWanLink({ target: { port: 0 } })]);
  cloud = await TunnelCloud.start({
    extra: {
      'keyfile-issuer': { ADIT_PUBLIC_ENDPOINTS: `127.0.0.1:${toA.port},127.0.0.1:${toB.port}` },
      'tunnel-broker': { ADIT_DRAIN_DEADLINE_MS },
    },
  });
  toB.target.port = cloud.tunnelPort;
  await startA();
}, 90_000);

afterAll(async () => {
  await cloud?.stop();
  await Promise.all([toA?.stop(), toB?.stop()]);
  echo?.server.close();
}, 30_000);

const startA = async (): Promise<void> => {
  a = await cloud.secondBroker({ ADIT_DRAIN_DEADLINE_MS });
  aId = await cloud.brokerId(a.ingressPort);
  toA.target.port = a.tunnelPort;
};

/** SIGTERM; resolves with how long the process took to end by itself. */
const stopA = async (): Promise<number> => {
  const startedAt = Date.now();
  await a.stop(DEADLINE_MS + 5_000);
  return Date.now() - startedAt;
};

const dial = async ({ label }: TestSite, ingressPort: number, brokerId: string): Promise<EchoLoad> =>
  EchoLoad.dial(
    ingressPort,
    `echo.${label}.tunnel.adit.internal`,
    await cloud.ticket(label, 'echo', { class: 'bulk', brokerId }),
  );

const dialMany = async (site: TestSite, ingressPort: number, brokerId: string): Promise<EchoLoad[]> => {
  const loads = await Promise.all(Array.from({ length: LOADS }, () => dial(site, ingressPort, brokerId)));
  await untilEachHas(loads, SOME_BYTES);
  return loads;
};

const untilEachHas = (loads: EchoLoad[], bytes: number): Promise<void> =>
  waitUntil('every load has been carried on', () => loads.every(({ received }) => received >= bytes));

/** Loads are under way while it waits, and go on after it. */
const untilCarriedOn = (loads: EchoLoad[]): Promise<void> =>
  untilEachHas(loads, Math.max(...loads.map(({ received }) => received)) + SOME_BYTES);

const finished = async (loads: EchoLoad[]): Promise<boolean[]> => {
  for (const load of loads) load.finish();
  return (await Promise.all(loads.map(({ ended }) => ended))).map(({ intact }) => intact);
};

const opened = (site: TestSite): Promise<SessionRow[]> =>
  cloud.sessions(site).then((rows) => rows.filter(({ closed_at }) => closed_at === null));

describe('a broker that is stopped while an agent’s channels are busy', () => {
  let site: TestSite;
  let agent: AppProcess;
  const lines: string[] = [];

  beforeAll(async () => {
    site = await cloud.newSite();
    const stateDir = join(cloud.platform.dataDir, 'agent');
    mkdirSync(stateDir, { mode: 0o700 });
    const service = `services:\n  echo: { address: 127.0.0.1:${echo.port}, classes: [bulk] }\n`;
    writeFileSync(join(stateDir, 'agent.yaml'), service, { mode: 0o600 });
    const keyfile = join(cloud.platform.dataDir, 'keyfile');
    writeFileSync(keyfile, (await cloud.newKeyfile(site)).text, { mode: 0o600 });
    agent = new AppProcess({
      name: 'agent',
      entry: entryOf('agent'),
      args: ['run', '--keyfile', keyfile],
      env: { ADIT_STATE_DIR: stateDir, ADIT_CONTAINER: 'false' },
      readyType: 'up',
      log: (_name, text) => lines.push(text),
    });
    await agent.start(30_000);
  }, 40_000);

  afterAll(() => agent?.stop());

  const untilMovedTo = async (brokerId: string): Promise<SessionRow[]> => {
    let rows: SessionRow[] = [];
    await waitUntil('the agent has its next session', async () => {
      rows = await opened(site);
      return rows.some(({ broker_id }) => broker_id === brokerId);
    });
    return rows;
  };

  it('cuts nothing that ends within the deadline, and what does not end at the deadline', async () => {
    const bId = await cloud.brokerId();
    const loads = await dialMany(site, a.ingressPort, aId);
    const startedAt = Date.now();
    const stopped = stopA();
    // Both at once: the new session is up before the old one has ended.
    expect((await untilMovedTo(bId)).map(({ broker_id }) => broker_id)).toEqual([aId, bId]);
    const relayed = (): number =>
      cloud.platform.lines.filter((text) => /^tunnel-broker .*a dial was opened/.test(text)).length;
    expect(relayed()).toBe(0);
    const [atOwner, atWrong] = [await dial(site, cloud.ingressPort, bId), await dial(site, a.ingressPort, aId)];
    await waitUntil('both came by B', () => relayed() === 2);
    toA.reset();
    await untilCarriedOn([...loads, atOwner, atWrong]);
    const [endless, ...others] = loads;
    expect(await finished([...others, atOwner, atWrong])).toEqual(Array.from({ length: LOADS + 1 }, () => true));
    const end = await endless?.ended;
    expect(end).toMatchObject({ intact: false, error: 'ECONNRESET' });
    expect((end?.atMs ?? 0) - startedAt).toBeGreaterThanOrEqual(DEADLINE_MS - 100);
    expect(await stopped).toBeLessThan(DEADLINE_MS + 2_000);
    expect(cloud.platform.lines.filter((text) => /^second-broker .*a tunnel was resumed/.test(text))).toHaveLength(1);
    await waitUntil('the agent tells why', () => lines.some((text) => text.includes('drain-deadline')));
    expect(await cloud.sessions(site)).toMatchObject([{ close_reason: 'broker-stopped' }, { closed_at: null }]);
  }, 30_000);

  it('ends as soon as all channels have, and the agent goes back to the first one', async () => {
    await startA();
    const bId = await cloud.brokerId();
    const loads = await dialMany(site, cloud.ingressPort, bId);
    process.kill(cloud.platform.pid('tunnel-broker'), 'SIGTERM');
    await untilMovedTo(aId);
    const relayed = await dial(site, cloud.ingressPort, bId);
    await untilCarriedOn([...loads, relayed]);
    expect(await finished(loads)).toEqual(Array.from({ length: LOADS }, () => true));
    await untilCarriedOn([relayed]);
    expect(await finished([relayed])).toEqual([true]);
    await waitUntil('the process has ended', () =>
      cloud.platform.lines.some((text) => /^tunnel-broker .*ended with status 0/.test(text)),
    );
    expect(cloud.platform.lines.filter((text) => /^tunnel-broker .*a tunnel is down/.test(text))).toEqual([
      expect.stringContaining('"code":"drained"'),
    ]);
    await waitUntil('its successor serves', async () => (await cloud.brokerId()) !== '');
  }, 30_000);
});

describe('an agent with two brokers', () => {
  const join = async (): Promise<TestSite & { identity: Credentials }> => {
    const site = await cloud.newSite();
    return { ...site, identity: await enrolled(toA.port, (await cloud.newKeyfile(site)).text) };
  };
  const services = (): Record<string, number> => ({ echo: echo.port });

  it('keeps the newer of two copies, wherever the other one asks, and the audit tells of it', async () => {
    const { identity, ...site } = await join();
    const older = await openTunnel(toA.port, identity, { instanceId: 'older' });
    const newer = await openTunnel(toB.port, identity, { instanceId: 'newer' });
    expect((await closeOf(older)).code).toBe('superseded');
    for (const port of [toA.port, toB.port]) {
      const again = openTunnel(port, identity, { instanceId: 'older' });
      await expect(again).rejects.toMatchObject({ code: 'superseded', retryAfterMs: 60_000 });
    }
    expect(newer.state).toBe('open');
    const told = async (): Promise<string[]> =>
      (await cloud.audited(site.siteId)).filter((action) => action === 'agent.clone-refused');
    await waitUntil('each broker has told of it', async () => (await told()).length === 2);
    newer.close();
  }, 20_000);

  it('is served by the one that drains until it has moved, and is cut there by another copy', async () => {
    const { identity, ...site } = await join();
    const old = await openTunnel(toA.port, identity, { instanceId: 'moves', services: services() });
    const told = new Promise((resolve) => old.once('goaway', resolve));
    const stopped = stopA();
    expect(await told).toMatchObject({ reason: 'broker-stopped', drainDeadlineMs: DEADLINE_MS, reconnectAfterMs: 0 });
    const late = await dial(site, a.ingressPort, aId);
    const next = await openTunnel(toB.port, identity, { instanceId: 'moves', services: services() });
    await untilCarriedOn([late]);
    expect([old.state, (await opened(site)).length]).toEqual(['open', 2]);
    const copy = await openTunnel(toB.port, identity, { instanceId: 'another' });
    expect((await closeOf(old)).code).toBe('superseded');
    expect((await closeOf(next)).code).toBe('superseded');
    expect((await late.ended).error).toBe('ECONNRESET');
    expect(await stopped).toBeLessThan(DEADLINE_MS);
    copy.close();
  }, 20_000);
});
