import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { freePort } from '../../tools/launcher/port.mjs';
import { canHaveSmallBuffers, throughSmallBuffers } from '../../tools/wan-link/small-buffers.mjs';
import { cap } from './cap.mjs';
import { BenchCloud } from './cloud.mjs';
import { startLine } from './line.mjs';
import { LoadProcess } from './load/process.mjs';
import { warnWhenBusy } from './usage.mjs';

/** @typedef {(() => Promise<void>)[]} Stops */

/** 60 ms there and back, 500 Mbit/s; the queue holds 17 ms. */
const LONG = '--delay 30 --rate 500 --buffer 1024 --window 16384'.split(' ');
/** 40 ms there and back, 10 Mbit/s up; the queue holds 100 ms, as cheap routers' do. */
const NARROW = '--delay 20 --up-rate 10 --down-rate 100 --buffer 128'.split(' ');
const NARROW_RTT_MS = 40;
const NARROW_BITS_PER_S = 10e6;
const BULK_CHANNELS = 4;
const MANY_CHANNELS = 200;
const WARM_UP_MS = 4_000;
/** A cap is judged over at least this long, before a cut and after it. */
const CAP_MS = 10_000;

/**
 * Over a simulated line between agent and broker: one channel beside plain TLS at 60 ms and 500 Mbit/s, and how long
 * control takes while bulk fills an uplink of 10 Mbit/s; and what a cap on the uplink is worth. The second needs small
 * kernel buffers, that is a network namespace (root): this program starts itself in one (`--inside`).
 * @param {import('../../tools/bench.mjs').Bench} bench
 */
export default async function wan(bench) {
  const { values } = parseArgs({
    args: process.argv.slice(3),
    options: {
      only: { type: 'string' },
      seconds: { type: 'string', default: '8' },
      inside: { type: 'boolean', default: false },
    },
  });
  const forMs = Number(values.seconds) * 1_000;
  warnWhenBusy(bench.progress);
  if (values.inside) return whileOpen((stops) => saturated(bench, stops, forMs));
  const parts = values.only === undefined ? ['long', 'saturated', 'cap'] : [values.only];
  if (parts.includes('long')) await whileOpen((stops) => long(bench, stops, forMs));
  if (parts.includes('saturated')) await inSmallBuffers(bench);
  if (parts.includes('cap')) await whileOpen((stops) => cap(bench, stops, Math.max(forMs, CAP_MS)));
}

/** @param {(stops: Stops) => Promise<void>} measure */
async function whileOpen(measure) {
  /** @type {Stops} */
  const stops = [];
  try {
    await measure(stops);
  } finally {
    for (const stop of stops.toReversed()) await stop();
  }
}

/**
 * @param {import('../../tools/bench.mjs').Bench} bench
 * @param {Stops} stops
 * @param {number} forMs
 */
async function long({ report, progress }, stops, forMs) {
  const { site, client, cloud, label } = await farSite(LONG, stops);
  const tls = await LoadProcess.start('site', { args: ['tls'] });
  stops.push(() => tls.stop());
  const line = await startLine(['--to', `127.0.0.1:${tls.port}`, ...LONG]);
  stops.push(line.stop);
  const plain = { port: line.port, tls: { ca: tls.ca, servername: 'site.adit.internal' } };
  for (const direction of /** @type {const} */ (['up', 'down'])) {
    progress(`plain TLS, ${direction} …`);
    // The client of plain TLS stands on the site, as the agent does: its "up" is what it sends.
    const reference = await rate(
      client,
      direction === 'up' ? tls : client,
      direction === 'up' ? 'sink' : 'source',
      [plain],
      forMs,
    );
    progress(`one channel, ${direction} …`);
    const paths = await cloud.dials(label, 'load', 1, 'bulk');
    const value = await rate(
      client,
      direction === 'up' ? client : site,
      direction === 'up' ? 'source' : 'sink',
      paths,
      forMs,
    );
    report({
      figure: `one channel ${direction} at 60 ms and 500 Mbit/s`,
      value,
      unit: 'Mbit/s',
      reference: 'plain TLS',
      referenceValue: Number(reference.toPrecision(4)),
      bar: 'ratio >= 0.9',
    });
  }
  await many({ report, progress }, client, await cloud.dials(label, 'load', MANY_CHANNELS, 'bulk'), forMs);
}

/**
 * Many channels of which one is never read: what the others get.
 * @param {import('../../tools/bench.mjs').Bench} bench
 * @param {LoadProcess} client
 * @param {import('./load/client.mjs').Path[]} paths
 * @param {number} forMs
 */
async function many({ report, progress }, client, [stuck, ...reading], forMs) {
  progress(`${MANY_CHANNELS} channels, one of which nobody reads …`);
  await client.ask('open', { mode: 'source', paths: [stuck], isStuck: true });
  const mbitPerS = await rate(client, client, 'source', reading, forMs, async (isOver) => {
    const { jain } = await client.ask('fairness');
    if (isOver)
      report({ figure: `${MANY_CHANNELS} channels, one stalled: Jain`, value: jain, unit: '', bar: 'value >= 0.95' });
  });
  report({ figure: `${MANY_CHANNELS} channels, one stalled: all together`, value: mbitPerS, unit: 'Mbit/s' });
}

/**
 * @param {import('../../tools/bench.mjs').Bench} bench
 * @param {Stops} stops
 * @param {number} forMs
 */
async function saturated({ report, progress }, stops, forMs) {
  const { client, cloud, label } = await farSite(NARROW, stops);
  await client.ask('open', { mode: 'echo', paths: await cloud.dials(label, 'load', 1, 'control') });
  progress('control on an idle uplink …');
  await delay(WARM_UP_MS / 4);
  await client.ask('trips');
  await delay(forMs / 2);
  const idle = await client.ask('trips');
  progress(`control while ${BULK_CHANNELS} bulk channels fill the uplink …`);
  await client.ask('open', { mode: 'source', paths: await cloud.dials(label, 'load', BULK_CHANNELS, 'bulk') });
  await delay(WARM_UP_MS);
  await client.ask('trips');
  const from = await client.ask('count');
  await delay(forMs * 2);
  const busy = await client.ask('trips');
  const to = await client.ask('count');
  const reference = 'idle uplink';
  const what = 'control round trip, 10 Mbit/s uplink saturated';
  for (const point of /** @type {const} */ (['p50', 'p99', 'max'])) {
    const bar = point === 'p99' ? { bar: `value <= ${NARROW_RTT_MS + 50}` } : {};
    const referenceValue = Number(idle[point].toPrecision(4));
    report({ figure: `${what}: ${point}`, value: busy[point], unit: 'ms', reference, referenceValue, ...bar });
  }
  const bitsPerS = ((to.bytes - from.bytes) * 8_000) / (to.atMs - from.atMs);
  const offered = { reference: 'rate of the line', referenceValue: NARROW_BITS_PER_S / 1e6 };
  report({ figure: 'bulk on the saturated uplink', value: bitsPerS / 1e6, unit: 'Mbit/s', ...offered });
}

/**
 * A cloud, and a site with an agent behind a line.
 * @param {string[]} flags of the line
 * @param {Stops} stops
 */
async function farSite(flags, stops) {
  const site = await LoadProcess.start('site');
  stops.push(() => site.stop());
  const client = await LoadProcess.start('client');
  stops.push(() => client.stop());
  const endpointPort = await freePort();
  const cloud = await BenchCloud.start({ endpointPort });
  stops.push(() => cloud.stop());
  const line = await startLine(['--to', `127.0.0.1:${cloud.ports.tunnel}`, '--listen', String(endpointPort), ...flags]);
  stops.push(line.stop);
  const { label } = await cloud.startAgent({ load: site.port });
  return { site, client, cloud, label };
}

/**
 * @param {LoadProcess} client
 * @param {LoadProcess} receiver
 * @param {import('./load/traffic.mjs').Mode} mode
 * @param {import('./load/client.mjs').Path[]} paths
 * @param {number} forMs
 * @param {(isOver: boolean) => Promise<void>} [note] at the begin and at the end of what is measured
 * @returns {Promise<number>} Mbit/s
 */
async function rate(client, receiver, mode, paths, forMs, note = async () => undefined) {
  await client.ask('open', { mode, paths });
  await delay(WARM_UP_MS);
  await note(false);
  const from = await receiver.ask('count');
  await delay(forMs);
  const to = await receiver.ask('count');
  await note(true);
  await client.ask('close');
  return ((to.bytes - from.bytes) * 8) / (to.atMs - from.atMs) / 1e3;
}

/** @param {import('../../tools/bench.mjs').Bench} bench */
async function inSmallBuffers({ progress }) {
  if (!canHaveSmallBuffers()) {
    progress('SKIPPED: the saturated uplink needs a network namespace, that is root with CAP_NET_ADMIN');
    return;
  }
  const [program, ...through] = throughSmallBuffers;
  const again = [process.execPath, ...process.argv.slice(1), '--inside'];
  const child = spawn(program, [...through, ...again], { stdio: ['ignore', 'inherit', 'inherit'] });
  const [status] = await once(child, 'exit');
  if (status !== 0) throw new Error(`the saturated uplink was not measured: status ${status}`);
}
