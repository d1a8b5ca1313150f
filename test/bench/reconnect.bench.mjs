import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { built } from './built.mjs';
import { BenchCloud } from './cloud.mjs';
import { makeIdentities } from './identities.mjs';
import { LoadProcess } from './load/process.mjs';
import { cpuSeconds, residentBytes, warnWhenBusy } from './usage.mjs';

const BAR_S = 60;
/** Longer than this nobody waits for the last agent. */
const LIMIT_MS = 100_000;
const LOOK_MS = 100;
/** Per second: the failures that the gate allows an address of agents, and places by the time of those that stall. */
const ANSWERED_BAR = 160;
/** From this address the balancer comes. */
const BALANCER = '127.0.0.2';

/** @typedef {{ cloud: BenchCloud, count: number, report: import('../../tools/bench.mjs').Bench['report'], progress: (line: string) => void }} Run */

/**
 * The broker is killed and comes back; how long until all agents are. All behind one address; the same with an attacker
 * at that address; and through a balancer, that announces one address for all, or one for each.
 * @param {import('../../tools/bench.mjs').Bench} bench
 */
export default async function reconnect({ report, progress }) {
  const options = { agents: { type: /** @type {const} */ ('string'), default: '3000' } };
  const count = Number(parseArgs({ args: process.argv.slice(3), options }).values.agents);
  warnWhenBusy(progress);
  const cloud = await BenchCloud.start({ broker: { ADIT_TUNNEL_PROXY_PROTOCOL_FROM: BALANCER } });
  const run = { cloud, count, report, progress };
  try {
    progress(`making ${count} identities …`);
    const identities = await makeIdentities(cloud, count);
    await withAgents(run, identities, cloud.ports.tunnel, async (agents) => {
      await clean(run, agents, 'one address');
      await attacked(run, agents, identities);
    });
    const file = join(import.meta.dirname, 'balancer.mjs');
    const balancer = await LoadProcess.start('client', { file, args: [String(cloud.ports.tunnel)] });
    try {
      await withAgents(run, identities, balancer.port, async (agents) => {
        await clean(run, agents, 'balancer, one client address');
        await balancer.ask('announce', { isEach: true });
        await clean(run, agents, 'balancer, an address each');
      });
    } finally {
      await balancer.stop();
    }
  } finally {
    await cloud.stop();
  }
}

/**
 * @param {Run} run
 * @param {import('./identities.mjs').Credentials[]} identities
 * @param {number} port
 * @param {(agents: LoadProcess) => Promise<void>} work
 */
async function withAgents({ count, progress }, identities, port, work) {
  const agents = await LoadProcess.start('client', { file: join(import.meta.dirname, 'reconnect-agents.mjs') });
  try {
    const startedAt = Date.now();
    await agents.ask('start', { port, identities });
    await allUp(agents, count, progress);
    progress(`${count} agents are up after ${((Date.now() - startedAt) / 1_000).toFixed(1)} s`);
    await work(agents);
  } finally {
    await agents.stop();
  }
}

/**
 * @param {LoadProcess} agents
 * @param {number} count
 * @param {(line: string) => void} progress
 * @returns when the last one came up, wall clock ms; undefined when it did not
 */
async function allUp(agents, count, progress) {
  const deadline = Date.now() + LIMIT_MS;
  for (let looks = 1; Date.now() < deadline; looks++) {
    const { up, lastUpAt } = await agents.ask('count');
    if (up >= count) return lastUpAt;
    if (looks % 50 === 0) progress(`  ${up}`);
    await delay(LOOK_MS);
  }
  return undefined;
}

/**
 * Kills the broker and waits for the agents.
 * @param {Run} run
 * @param {LoadProcess} agents
 */
async function storm({ cloud, count, progress }, agents) {
  await agents.ask('forget');
  const agentsCpu = cpuSeconds(agents.pid);
  const killedAt = Date.now();
  cloud.killBroker();
  while ((await agents.ask('count')).up > 0) await delay(LOOK_MS / 10);
  const upAt = await allUp(agents, count, progress);
  const { up, troubles } = await agents.ask('count');
  const figures = await cloud.brokerFigures();
  progress(`  ${JSON.stringify({ troubles, ...figures })}`);
  const cpu = { broker: cpuSeconds(cloud.brokerPid), agents: cpuSeconds(agents.pid) - agentsCpu };
  progress(`  seconds of CPU, handshakes and admissions: ${JSON.stringify(cpu)}`);
  return { seconds: ((upAt ?? Date.now()) - killedAt) / 1_000, up, figures };
}

/**
 * @param {Run} run
 * @param {LoadProcess} agents
 * @param {string} name
 */
async function clean(run, agents, name) {
  const { report } = run;
  const { seconds, up, figures } = await storm(run, agents);
  reportBack(run, name, seconds, up);
  const asAttackers = sum(
    figures,
    /_slowed_total|outcome="failed"|reason="(?!crowded|line-too-long|handshake-stalled)/,
  );
  report({ figure: `taken for attackers, ${name}`, value: asAttackers, unit: 'connections', bar: 'value <= 0' });
  report({
    figure: `sent back to try again, ${name}`,
    value: sum(figures, /crowded|line-too-long|handshake-stalled/),
    unit: 'connections',
  });
}

/**
 * @param {Run} run
 * @param {LoadProcess} agents
 * @param {import('./identities.mjs').Credentials[]} identities
 */
async function attacked(run, agents, [identity]) {
  const { cloud, report, progress } = run;
  const attacker = await LoadProcess.start('client', { file: join(import.meta.dirname, 'reconnect-attacker.mjs') });
  try {
    await attacker.ask('attack', { port: cloud.ports.tunnel, roots: identity.roots, foreign: await foreigner() });
    const before = await attacker.ask('count');
    const { seconds, up, figures } = await storm(run, agents);
    const after = await attacker.ask('count');
    const perSecond = (/** @type {'attempts' | 'answered'} */ what) => (after[what] - before[what]) / seconds;
    progress(`  broker: ${(residentBytes(cloud.brokerPid) / 2 ** 20).toFixed(0)} MiB`);
    reportBack(run, 'beside an attacker', seconds, up);
    report({ figure: 'attacking connections', value: perSecond('attempts'), unit: '1/s' });
    report({
      figure: 'of them answered with a handshake',
      value: perSecond('answered'),
      unit: '1/s',
      reference: 'attacking connections',
      referenceValue: Number(perSecond('attempts').toPrecision(4)),
      bar: 'ratio <= 0.5',
    });
    report({
      figure: 'attacking connections turned away or slowed',
      value: sum(figures, /turned_away|_slowed_total/),
      unit: 'connections',
      bar: 'value >= 1',
    });
    await steadyAttack(run, attacker);
  } finally {
    await attacker.stop();
  }
}

/**
 * @param {Run} run
 * @param {string} name
 * @param {number} seconds
 * @param {number} up
 */
function reportBack({ report, count }, name, seconds, up) {
  report({ figure: `all back, ${name}, n = ${count}`, value: seconds, unit: 's', bar: `value <= ${BAR_S}` });
  report({ figure: `agents that are back, ${name}`, value: up, unit: 'agents', bar: `value >= ${count}` });
}

/**
 * What the attack costs when no agent comes.
 * @param {Run} run
 * @param {LoadProcess} attacker
 */
async function steadyAttack({ cloud, report }, attacker) {
  const [cpu, from, before] = [cpuSeconds(cloud.brokerPid), performance.now(), await attacker.ask('count')];
  await delay(10_000);
  const seconds = (performance.now() - from) / 1_000;
  const after = await attacker.ask('count');
  report({
    figure: 'CPU of the broker under attack',
    value: (cpuSeconds(cloud.brokerPid) - cpu) / seconds,
    unit: 'cores',
  });
  report({ figure: 'attacking connections then', value: (after.attempts - before.attempts) / seconds, unit: '1/s' });
  const answered = (after.answered - before.answered) / seconds;
  report({ figure: 'of them answered', value: answered, unit: '1/s', bar: `value <= ${ANSWERED_BAR}` });
}

/** An agent of another deployment of the same name: all names equal, all keys different. */
async function foreigner() {
  const pki = await built('pki');
  const directory = mkdtempSync(join(tmpdir(), 'adit-bench-ca-'));
  try {
    const tree = await pki.openCaTree(directory, 'adit', new Date());
    const key = pki.generateKey();
    const profile = pki.agentProfile('adit', randomUUID());
    const certificate = await pki.issueCertificate({ profile, spki: pki.spkiOf(key), now: new Date() }, tree.agentCa);
    const chain = pki.certificatePem(certificate.raw) + pki.certificatePem(tree.agentCa.certificate.raw);
    return { key: pki.privateKeyPem(key), chain };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/**
 * @param {Record<string, number>} figures
 * @param {RegExp} which
 */
function sum(figures, which) {
  return Object.entries(figures)
    .filter(([name]) => which.test(name))
    .reduce((total, [, value]) => total + value, 0);
}
