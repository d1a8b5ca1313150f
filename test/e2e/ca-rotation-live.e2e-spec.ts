import { DomainError, type RotationAction } from '@app/contracts';
import { isIssuedDirectlyBy, readCertificate, readCertificates } from '@app/pki';
import { readdirSync, readFileSync } from 'node:fs';
import type { Server } from 'node:net';
import { join } from 'node:path';
import { AgentProcess } from '../harness/agent-process.js';
import { waitUntil } from '../harness/condition.js';
import { EchoLoad, startEcho } from '../harness/echo-load.js';
import { type TestSite, TunnelCloud } from '../harness/tunnel-cloud.js';

const LOADS = 8;
const SOME_BYTES = 64 * 1024;

interface Kept {
  trust: { bundleVersion: number; roots: string[] };
  certificateChain: string;
}

let cloud: TunnelCloud;
let echo: { server: Server; port: number };
const agents: AgentProcess[] = [];

beforeAll(async () => {
  echo = await startEcho();
  cloud = await TunnelCloud.start();
}, 90_000);

afterAll(async () => {
  for (const agent of agents) await agent.stop();
  await cloud?.stop();
  echo?.server.close();
}, 40_000);

const newAgent = async (name: string): Promise<{ agent: AgentProcess; site: TestSite }> => {
  const site = await cloud.newSite();
  const keyfile = await cloud.newKeyfile(site);
  const stateDir = join(cloud.platform.dataDir, name);
  const agent = new AgentProcess({ stateDir, keyfile: keyfile.text, echoPort: echo.port });
  agents.push(agent);
  return { agent, site };
};

const dial = async ({ label }: TestSite): Promise<EchoLoad> =>
  EchoLoad.dial(
    cloud.ingressPort,
    `echo.${label}.tunnel.adit.internal`,
    await cloud.ticket(label, 'echo', { class: 'bulk' }),
  );

const keptBy = (agent: AgentProcess): Kept => {
  const kept = agent.state<Kept>('identity.json');
  if (kept === undefined) throw new Error('the agent has no identity');
  return kept;
};

/** Whether the certificate in an agent's identity comes from the agent-CA of this generation. */
const isOn = async (agent: AgentProcess, generation: number): Promise<boolean> => {
  const { certificates } = await cloud.authority();
  const ca = certificates.find((one) => one.role === 'agent-ca' && one.generation === generation);
  const [leaf] = readCertificates(keptBy(agent).certificateChain);
  return leaf !== undefined && ca !== undefined && isIssuedDirectlyBy(leaf, readCertificate(ca.pem));
};

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'ok',
    (error: unknown) => (error instanceof DomainError ? error.code : String(error)),
  );

/** A step that waits for the brokers, as an operator takes it. */
const rotate = async (action: RotationAction): Promise<void> => {
  let code = '';
  await waitUntil(`the step ${action} is taken (${code})`, async () => {
    code = await codeOf(cloud.rotate(action));
    return code !== 'rotation-brokers-behind' && code !== 'unavailable';
  });
  expect({ action, code }).toEqual({ action, code: 'ok' });
};

const killIssuer = (): Promise<void> => cloud.platform.kill('keyfile-issuer');

/** CAs that the broker's own chain says it was certified by. */
const brokerChain = (): string => {
  const kept = readFileSync(join(cloud.platform.dataDir, 'broker', 'identity.json'), 'utf8');
  return (JSON.parse(kept) as { chain: string }).chain;
};

describe('a rotation of the CAs under traffic', () => {
  it('ends with everybody on the new CAs, and drops no channel; who was away comes back until the old ones end', async () => {
    const live = await newAgent('live');
    const away = await newAgent('away');
    const unused = await newAgent('unused');
    await Promise.all([live.agent.start(), away.agent.start()]);
    await away.agent.stop();
    const loads = await Promise.all(Array.from({ length: LOADS }, () => dial(live.site)));
    const [session] = await cloud.sessions(live.site);

    await rotate('prepare');
    await killIssuer();
    await rotate('publish');
    await waitUntil('the live agent has the new roots', () => keptBy(live.agent).trust.bundleVersion === 2);
    await waitUntil('and has said so', async () => (await cloud.authority()).agents.acknowledged === 1);
    expect(keptBy(away.agent).trust.bundleVersion).toBe(1);
    const oldChain = brokerChain();

    await rotate('activate');
    await waitUntil('the broker serves with the new CA', () => brokerChain() !== oldChain);
    await killIssuer();
    // One that knows the old root alone, with a certificate of the old CA.
    await away.agent.start();
    // One whose keyfile was made before all of this.
    await unused.agent.start();
    expect(await isOn(unused.agent, 2)).toBe(true);
    expect(keptBy(unused.agent).trust.roots).toHaveLength(2);
    expect(await isOn(live.agent, 1)).toBe(true);
    expect(await codeOf(cloud.rotate('retire'))).toBe('rotation-state');

    await rotate('taint');
    await waitUntil('the live agent has a certificate of the new CA', () => isOn(live.agent, 2), 30_000);
    await waitUntil('so has the one that was away', () => isOn(away.agent, 2), 30_000);
    await waitUntil('the cloud knows', async () => {
      const { acknowledged, onIssuingCa, seen } = (await cloud.authority()).agents;
      return acknowledged === seen && onIssuingCa === seen;
    });
    await rotate('retire');
    await waitUntil('the old root is gone from the sites', () =>
      [live, away, unused].every(({ agent }) => keptBy(agent).trust.roots.length === 1),
    );
    await waitUntil('and from the broker', () => cloud.roots().length === 1);

    const received = Math.max(...loads.map((load) => load.received));
    await waitUntil('every load goes on', () => loads.every((load) => load.received >= received + SOME_BYTES));
    for (const load of loads) load.finish();
    const ends = await Promise.all(loads.map(({ ended }) => ended));
    expect(ends.filter(({ intact }) => !intact)).toEqual([]);
    expect(await cloud.sessions(live.site)).toMatchObject([{ id: session?.id, closed_at: null }]);
    const keys = readdirSync(join(cloud.platform.dataDir, 'issuer', 'ca')).filter((name) => name.endsWith('.key'));
    expect(keys.every((name) => name.endsWith('-2.key'))).toBe(true);

    await live.agent.kill().back;
    const newcomer = await newAgent('newcomer');
    await newcomer.agent.start();
    expect(await isOn(newcomer.agent, 2)).toBe(true);
  }, 180_000);

  it('is taken back from where it had begun to issue, and everybody goes back', async () => {
    const [live] = agents;
    if (live === undefined) throw new Error('no agent');
    await rotate('prepare');
    await rotate('publish');
    await rotate('activate');
    const between = await newAgent('between');
    await between.agent.start();
    expect(await isOn(between.agent, 3)).toBe(true);
    await rotate('rollback');
    expect((await cloud.authority()).step).toBe('published');
    await waitUntil('the newcomer has gone back', () => isOn(between.agent, 2), 30_000);
    await waitUntil('the cloud lets the new CAs go', async () => (await codeOf(cloud.rotate('rollback'))) === 'ok');
    await waitUntil('and so do the sites', () => keptBy(live).trust.roots.length === 1);
    expect(await isOn(live, 2)).toBe(true);
    await live.kill().back;
  }, 120_000);

  it('survives the end of the issuer in the middle of making keys', async () => {
    const folder = join(cloud.platform.dataDir, 'issuer', 'ca');
    const generation = 4;
    const attempt = cloud.rotate('prepare').catch(() => undefined);
    await waitUntil('the first new key is there', () => readdirSync(folder).includes(`root-${generation}.key`));
    await killIssuer();
    await attempt;
    const { step } = await cloud.authority();
    if (step === 'idle') await rotate('prepare');
    await rotate('rollback');
    expect(readdirSync(folder).filter((name) => name.includes(`-${generation}.`))).toEqual([]);
    expect((await cloud.authority()).step).toBe('idle');
  }, 60_000);
});
