import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { BenchCloud } from './cloud.mjs';
import { LoadProcess } from './load/process.mjs';
import { FRAME_BYTES, FRAME_MS } from './load/traffic.mjs';
import { cpuSeconds, warnWhenBusy } from './usage.mjs';

/** Channels are opened in groups, as viewers come. */
const GROUP = 100;
const WARM_UP_MS = 2_000;

/**
 * Many cameras through one broker and one agent: channels of class live, a picture of 20 kB every 40 ms on each
 * (4 Mbit/s). A picture is late when its last byte comes more than one interval after it was due. The same load between
 * the same processes without a tunnel shows what the machine and the generator add themselves.
 * @param {import('../../tools/bench.mjs').Bench} bench
 */
export default async function videoLoad({ report, progress }) {
  const { values } = parseArgs({
    args: process.argv.slice(3),
    options: { channels: { type: 'string', default: '500' }, seconds: { type: 'string', default: '15' } },
  });
  const [channels, forMs] = [Number(values.channels), Number(values.seconds) * 1_000];
  warnWhenBusy(progress);
  const site = await LoadProcess.start('site');
  const client = await LoadProcess.start('client');
  /** @type {(() => Promise<void>)[]} */
  const stops = [() => site.stop(), () => client.stop()];
  try {
    progress(`${channels} connections without a tunnel …`);
    const direct = Array.from({ length: channels }, () => ({ port: site.port }));
    const plain = await film({ site, client }, async () => direct, forMs / 3);
    const cloud = await BenchCloud.start();
    stops.push(() => cloud.stop());
    const agent = await cloud.startAgent({ load: site.port });
    progress(`${channels} channels through broker and agent …`);
    const paths = () => cloud.dials(agent.label, 'load', channels, 'live');
    const ours = await film({ site, client }, paths, forMs, { broker: cloud.brokerPid, agent: agent.pid });
    tell(report, channels, ours, plain);
  } finally {
    for (const stop of stops.toReversed()) await stop();
  }
}

/**
 * @typedef {object} Filmed
 * @property {number} count pictures
 * @property {number} late
 * @property {number} p50 ms
 * @property {number} p99 ms
 * @property {number} max ms
 * @property {number} cut connections that ended unasked
 * @property {number} dropped by the source, whose socket did not take them
 * @property {number} gbitPerS
 * @property {Record<string, number>} cores share of a core, by process
 */

/**
 * @param {{ site: LoadProcess, client: LoadProcess }} ends
 * @param {() => Promise<import('./load/client.mjs').Path[]>} ways
 * @param {number} forMs
 * @param {Record<string, number>} [pids]
 * @returns {Promise<Filmed>}
 */
async function film({ site, client }, ways, forMs, pids = {}) {
  const paths = await ways();
  for (let first = 0; first < paths.length; first += GROUP) {
    await client.ask('open', { mode: 'video', paths: paths.slice(first, first + GROUP) });
  }
  await delay(WARM_UP_MS);
  const all = { ...pids, 'source (load)': site.pid, 'sink (load)': client.pid };
  const used = () => Object.fromEntries(Object.entries(all).map(([name, pid]) => [name, cpuSeconds(pid)]));
  await client.ask('frames');
  const [before, { dropped }, from] = [used(), await site.ask('count'), performance.now()];
  await delay(forMs);
  const [after, end, seconds] = [used(), await site.ask('count'), (performance.now() - from) / 1_000];
  const { count, late, p50, p99, max, open } = await client.ask('frames');
  await client.ask('close');
  const cores = Object.fromEntries(Object.keys(all).map((name) => [name, (after[name] - before[name]) / seconds]));
  const gbitPerS = (count * FRAME_BYTES * 8) / seconds / 1e9;
  return { count, late, p50, p99, max, cut: paths.length - open, dropped: end.dropped - dropped, gbitPerS, cores };
}

/**
 * @param {import('../../tools/bench.mjs').Bench['report']} report
 * @param {number} channels
 * @param {Filmed} ours
 * @param {Filmed} plain
 */
function tell(report, channels, ours, plain) {
  const what = `${channels} channels`;
  const offered = (channels * FRAME_BYTES * 8 * (1_000 / FRAME_MS)) / 1e9;
  const without = { reference: 'without a tunnel' };
  report({
    figure: `${what}: carried`,
    value: ours.gbitPerS,
    unit: 'Gbit/s',
    reference: 'offered',
    referenceValue: offered,
  });
  report({ figure: `${what}: cut`, value: ours.cut, unit: 'channels', bar: 'value <= 0' });
  const lateBytes = ({ late, dropped } = ours) => (late + dropped) * FRAME_BYTES;
  report({ figure: `${what}: late bytes`, value: lateBytes(), unit: 'B', bar: 'value <= 0' });
  report({ figure: `${what}: late bytes without a tunnel`, value: lateBytes(plain), unit: 'B' });
  for (const point of /** @type {const} */ (['p50', 'p99'])) {
    const value = Math.max(0, ours[point] - plain[point]);
    report({
      figure: `${what}: added delay ${point}`,
      value,
      unit: 'ms',
      ...(point === 'p99' ? { bar: 'value <= 10' } : {}),
    });
    report({
      figure: `${what}: delay ${point}`,
      value: ours[point],
      unit: 'ms',
      ...without,
      referenceValue: plain[point],
    });
  }
  for (const [name, value] of Object.entries(ours.cores)) {
    const isOurs = !name.includes('load');
    report({ figure: `${what}: CPU of ${name}`, value, unit: 'cores', ...(isOurs ? { bar: 'value <= 0.35' } : {}) });
  }
}
