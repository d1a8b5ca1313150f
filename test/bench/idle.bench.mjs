import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startBareTls } from './bare-tls-process.mjs';
import { BenchCloud } from './cloud.mjs';
import { makeIdentities } from './identities.mjs';
import { LoadProcess } from './load/process.mjs';
import { cpuSeconds, residentBytes, warnWhenBusy } from './usage.mjs';

const GROUP = 250;
/** Long enough for pings and for what the handshakes left behind to be collected, at least in part. */
const SETTLE_MS = 10_000;
const BAR_AT = 5_000;

/**
 * What an agent that does nothing costs the broker: its memory with n tunnels up, less that of the same process before,
 * by n. The bar (100 KiB) is for n = 5,000: `--agents 5000`. Beside it, the same for bare TLS connections with the same
 * certificates and settings.
 * @param {import('../../tools/bench.mjs').Bench} bench
 */
export default async function idle(bench) {
  const { values } = parseArgs({
    args: process.argv.slice(3),
    options: { agents: { type: 'string', default: '1000' } },
  });
  await idleAgents(bench, Number(values.agents));
}

/**
 * The same for the soak.
 * @param {import('../../tools/bench.mjs').Bench} bench
 * @param {number} count
 */
export async function idleAgents({ report, progress }, count) {
  warnWhenBusy(progress);
  const cloud = await BenchCloud.start();
  /** @type {(() => Promise<void>)[]} */
  const stops = [() => cloud.stop()];
  try {
    progress(`making ${count} identities …`);
    const identities = await makeIdentities(cloud, count);
    const bare = await startBareTls(join(cloud.dataDir, 'broker', 'identity.json'));
    stops.push(bare.stop);
    progress(`${count} bare TLS connections …`);
    const tls = await grown({ ...bare, isBare: true }, identities, stops, progress);
    await bare.stop();
    progress(`${count} agents …`);
    const broker = { pid: cloud.brokerPid, port: cloud.ports.tunnel, isBare: false };
    const agents = await grown(broker, identities, stops, progress);
    const bar = count >= BAR_AT ? { bar: 'value <= 100' } : {};
    const kib = (/** @type {number} */ bytes) => bytes / 1024;
    report({ figure: `memory per bare TLS connection, n = ${count}`, value: kib(tls.bytesEach), unit: 'KiB' });
    report({
      figure: `memory per idle agent, n = ${count}`,
      value: kib(agents.bytesEach),
      unit: 'KiB',
      reference: 'bare TLS connection',
      referenceValue: Number(kib(tls.bytesEach).toPrecision(4)),
      ...bar,
    });
    report({ figure: 'memory of the broker before', value: kib(agents.before) / 1024, unit: 'MiB' });
    report({
      figure: `tunnels that came up, n = ${count}`,
      value: agents.open,
      unit: 'agents',
      bar: `value >= ${count}`,
    });
    report({ figure: 'agents admitted per second', value: count / agents.seconds, unit: '1/s' });
    report({ figure: 'CPU of the broker, all agents idle', value: agents.idleCores, unit: 'cores' });
  } finally {
    for (const stop of stops.toReversed()) await stop();
  }
}

/**
 * @param {{ pid: number, port: number, isBare: boolean }} server
 * @param {import('./identities.mjs').Credentials[]} identities
 * @param {(() => Promise<void>)[]} stops
 * @param {(line: string) => void} progress
 */
async function grown({ pid, port, isBare }, identities, stops, progress) {
  const agents = await LoadProcess.start('client', { file: join(import.meta.dirname, 'idle-agents.mjs') });
  stops.push(() => agents.stop());
  await delay(SETTLE_MS / 5);
  const [before, from] = [residentBytes(pid), performance.now()];
  let open = 0;
  for (let first = 0; first < identities.length; first += GROUP) {
    const group = identities.slice(first, first + GROUP);
    ({ open } = await agents.ask('open', { port, identities: group, isBare }));
    progress(`  ${open}`);
  }
  const seconds = (performance.now() - from) / 1_000;
  const cpu = cpuSeconds(pid);
  await delay(SETTLE_MS);
  ({ open } = await agents.ask('count'));
  const idleCores = (cpuSeconds(pid) - cpu) / (SETTLE_MS / 1_000);
  const bytesEach = (residentBytes(pid) - before) / identities.length;
  await agents.stop();
  return { before, bytesEach, open, seconds, idleCores };
}
