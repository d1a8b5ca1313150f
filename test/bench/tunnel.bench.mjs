import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { BenchCloud } from './cloud.mjs';
import { LoadProcess } from './load/process.mjs';
import { CIPHERS, hasSsh, sshVersion, startSsh } from './ssh.mjs';
import { presentPeers } from './peers.mjs';
import { cpuSeconds, warnWhenBusy } from './usage.mjs';

/**
 * @typedef {import('./load/client.mjs').Path} Path
 *
 * @typedef {object} Tunnel something that joins the load's two ends
 * @property {string} name
 * @property {number} serverPid
 * @property {number} clientPid
 * @property {(channels: number) => Promise<Path[]>} paths
 *
 * @typedef {{ bytes: number, ms: number, server: number, client: number }} Carried CPU: seconds
 *
 * @typedef {{ gbitPerS: number, serverCpu: number, clientCpu: number }} Speed CPU: seconds per GB
 */

const WARM_UP_MS = 1_000;
/** What else happens on the machine then falls on all of them. */
const ROUNDS = 2;
/** Without encryption, or in Rust with a connection per channel: told for comparison, held to no bar. */
const UNBARRED = /^(rathole|bore)/;
/** @type {Carried} */
const NOTHING = { bytes: 0, ms: 0, server: 0, client: 0 };
const PROBE_MS = 1_500;
const CASES = /** @type {const} */ ([
  { direction: 'up', channels: 1 },
  { direction: 'up', channels: 8 },
  { direction: 'down', channels: 1 },
  { direction: 'down', channels: 8 },
]);

/**
 * Bulk through broker and agent, both directions, beside `ssh -R` and, with `--peers`, every other tunnel on the PATH.
 * Up: from the site. All of them carry the same load between the same two processes, one after the other.
 * @param {import('../../tools/bench.mjs').Bench} bench
 */
export default async function tunnel({ report, progress }) {
  const { values } = parseArgs({
    args: process.argv.slice(3),
    options: { peers: { type: 'boolean', default: false }, seconds: { type: 'string', default: '4' } },
  });
  const forMs = Number(values.seconds) * 1_000;
  warnWhenBusy(progress);
  const site = await LoadProcess.start('site');
  const client = await LoadProcess.start('client');
  const ends = { site, client };
  /** @type {(() => Promise<void>)[]} */
  const stops = [() => site.stop(), () => client.stop()];
  try {
    const direct = { name: 'plain TCP', serverPid: 0, clientPid: 0, paths: same(site.port) };
    const plain = speedOf(await carry(direct, CASES[0], ends, PROBE_MS));
    report({ figure: 'load without a tunnel, 1 channel up', value: plain.gbitPerS, unit: 'Gbit/s' });
    const cloud = await BenchCloud.start();
    stops.push(() => cloud.stop());
    const agent = await cloud.startAgent({ load: site.port });
    const ours = {
      name: 'adit',
      serverPid: cloud.brokerPid,
      clientPid: agent.pid,
      paths: (/** @type {number} */ channels) => cloud.dials(agent.label, 'load', channels, 'bulk'),
    };
    const ssh = await fastestSsh(ends, stops, progress);
    const peers = values.peers ? await presentPeers(site.port, stops, progress) : [];
    const others = peers.map((peer) => ({ ...peer, paths: same(peer.port) }));
    for (const one of CASES)
      await compare(one, ours, ssh ? [ssh, ...others] : others, ends, forMs, { report, progress });
  } finally {
    for (const stop of stops.toReversed()) await stop();
  }
}

/**
 * @param {typeof CASES[number]} one
 * @param {Tunnel} ours
 * @param {Tunnel[]} others
 * @param {{ site: LoadProcess, client: LoadProcess }} ends
 * @param {number} forMs
 * @param {import('../../tools/bench.mjs').Bench} bench
 */
async function compare(one, ours, others, ends, forMs, { report, progress }) {
  const what = `bulk ${one.channels} channel${one.channels === 1 ? '' : 's'} ${one.direction}`;
  const all = [ours, ...others].map((tunnel) => ({ tunnel, carried: NOTHING }));
  for (let round = 1; round <= ROUNDS; round++) {
    for (const measured of all) {
      progress(`${what}: ${measured.tunnel.name}, ${round} of ${ROUNDS} …`);
      measured.carried = sum(measured.carried, await carry(measured.tunnel, one, ends, forMs / ROUNDS));
    }
  }
  const [own, ...theirs] = all.map(({ tunnel, carried }) => ({ name: tunnel.name, ...speedOf(carried) }));
  const figures = /** @type {const} */ ([
    ['gbitPerS', what, 'Gbit/s', 'ratio >= 1'],
    ['serverCpu', `${what}: CPU of the broker`, 's/GB', 'ratio <= 1'],
    ['clientCpu', `${what}: CPU of the agent`, 's/GB', 'ratio <= 1'],
  ]);
  if (theirs.length === 0) for (const [key, figure, unit] of figures) report({ figure, value: own[key], unit });
  for (const { name, ...their } of theirs) {
    for (const [key, figure, unit, bar] of figures) {
      const reference = { reference: name, referenceValue: Number(their[key].toPrecision(4)) };
      report({ figure, value: own[key], unit, ...reference, ...(UNBARRED.test(name) ? {} : { bar }) });
    }
  }
}

/**
 * @param {Tunnel} tunnel
 * @param {typeof CASES[number]} one
 * @param {{ site: LoadProcess, client: LoadProcess }} ends
 * @param {number} forMs
 * @returns {Promise<Carried>}
 */
async function carry({ serverPid, clientPid, paths }, { direction, channels }, { site, client }, forMs) {
  const receiver = direction === 'up' ? client : site;
  await client.ask('open', { mode: direction === 'up' ? 'source' : 'sink', paths: await paths(channels) });
  await delay(WARM_UP_MS);
  const used = () => ({ server: cpuSeconds(serverPid), client: cpuSeconds(clientPid) });
  const [before, from] = [used(), await receiver.ask('count')];
  await delay(forMs);
  const [after, to] = [used(), await receiver.ask('count')];
  await client.ask('close');
  return {
    bytes: to.bytes - from.bytes,
    ms: to.atMs - from.atMs,
    server: after.server - before.server,
    client: after.client - before.client,
  };
}

/**
 * @param {Carried} a
 * @param {Carried} b
 * @returns {Carried}
 */
function sum(a, b) {
  return { bytes: a.bytes + b.bytes, ms: a.ms + b.ms, server: a.server + b.server, client: a.client + b.client };
}

/**
 * @param {Carried} carried
 * @returns {Speed}
 */
function speedOf({ bytes, ms, server, client }) {
  return { gbitPerS: (bytes * 8) / ms / 1e6, serverCpu: (server * 1e9) / bytes, clientCpu: (client * 1e9) / bytes };
}

/**
 * @param {{ site: LoadProcess, client: LoadProcess }} ends
 * @param {(() => Promise<void>)[]} stops
 * @param {(line: string) => void} progress
 * @returns {Promise<Tunnel | undefined>}
 */
async function fastestSsh(ends, stops, progress) {
  if (!hasSsh) {
    progress('SKIPPED: no sshd here (Debian: openssh-server); figures stand without it');
    return undefined;
  }
  progress(sshVersion());
  const tried = [];
  for (const cipher of CIPHERS) {
    const ssh = await startSsh(ends.site.port, cipher);
    stops.push(ssh.stop);
    const tunnel = { ...ssh, paths: same(ssh.port) };
    const { gbitPerS, serverCpu, clientCpu } = speedOf(await carry(tunnel, CASES[0], ends, PROBE_MS));
    const cpu = serverCpu + clientCpu;
    progress(`${ssh.name}: ${gbitPerS.toPrecision(3)} Gbit/s, ${cpu.toPrecision(3)} s/GB`);
    tried.push({ tunnel, cpu });
  }
  // What else the machine does moves the rate more than the CPU that a byte costs.
  return tried.toSorted((a, b) => a.cpu - b.cpu)[0].tunnel;
}

/** @param {number} port */
function same(port) {
  return async (/** @type {number} */ channels) => Array.from({ length: channels }, () => ({ port }));
}
