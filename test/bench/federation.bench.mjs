import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { canHaveSmallBuffers, throughSmallBuffers } from '../../tools/wan-link/small-buffers.mjs';
import { BenchCloud } from './cloud.mjs';
import { changes } from './federation/changes.mjs';
import { commands } from './federation/commands.mjs';
import { cuts } from './federation/cuts.mjs';
import entities from './federation/entities.mjs';
import { FederatedSites } from './federation/federated-sites.mjs';
import { offlineEvents } from './federation/offline-events.mjs';
import { sync } from './federation/sync.mjs';
import { ways } from './federation/ways.mjs';
import { warnWhenBusy } from './usage.mjs';

/** @typedef {(() => Promise<void>)[]} Stops */

/** Each measures one thing and can be run alone. */
const PARTS = ['sync', 'cuts', 'commands', 'offline-events', 'ways', 'entities'];

/** Those that fill the uplink. Without small kernel buffers a queue hides where no pacer sees it. */
const NARROW = { commands, 'offline-events': offlineEvents };

/**
 * One federation process with many roles: how long it takes to know all entities, what it costs to hold them, how soon a
 * change is seen; how soon a role is usable after a cut; commands while video fills the uplink; the events of a day beside live video; direct
 * beside tunnelled; 75,000 entities in REST.
 * What fills the uplink needs small kernel buffers, that is a network namespace (root): this program starts itself in one (`--inside`).
 * @param {import('../../tools/bench.mjs').Bench} bench
 */
export default async function federation(bench) {
  const { values } = parseArgs({
    args: process.argv.slice(3),
    options: {
      only: { type: 'string', multiple: true },
      roles: { type: 'string', default: '500' },
      entities: { type: 'string', default: '150' },
      seconds: { type: 'string', default: '10' },
      inside: { type: 'string' },
    },
  });
  const forMs = Number(values.seconds) * 1_000;
  if (values.inside !== undefined) return narrow(bench, values.inside, forMs);
  const wanted = values.only ?? PARTS;
  const unknown = wanted.filter((part) => !PARTS.includes(part));
  if (unknown.length > 0) throw new Error(`--only ${unknown.join(', ')}: the parts are ${PARTS.join(', ')}`);
  warnWhenBusy(bench.progress);
  const isWanted = (/** @type {string} */ part) => wanted.includes(part);
  const extent = { roles: Number(values.roles), entities: Number(values.entities), processes: 2 };
  if (isWanted('sync')) await whileOpen((stops) => many(bench, stops, extent));
  if (isWanted('cuts')) await whileOpen((stops) => cuts(bench, stops));
  for (const part of Object.keys(NARROW)) if (isWanted(part)) await inSmallBuffers(bench, part, forMs);
  if (isWanted('ways')) await whileOpen((stops) => ways(bench, stops, forMs / 2));
  if (isWanted('entities')) await entities(bench);
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
 * @param {{ roles: number, entities: number, processes: number }} extent
 */
async function many(bench, stops, extent) {
  const cloud = await BenchCloud.start({ apps: ['federation'] });
  stops.push(() => cloud.stop());
  bench.progress(`${extent.roles} sites and their roles are made …`);
  const sites = await FederatedSites.prepare(cloud, extent.roles);
  await sync(bench, sites, extent, stops);
  await changes(bench, sites);
}

/**
 * @param {import('../../tools/bench.mjs').Bench} bench
 * @param {string} part
 * @param {number} forMs
 */
function narrow(bench, part, forMs) {
  const measure = NARROW[/** @type {keyof typeof NARROW} */ (part)];
  return whileOpen((stops) => measure(bench, stops, forMs));
}

/**
 * @param {import('../../tools/bench.mjs').Bench} bench
 * @param {string} part
 * @param {number} forMs
 */
async function inSmallBuffers(bench, part, forMs) {
  if (!canHaveSmallBuffers()) {
    bench.progress(
      `WARNING: ${part} without a network namespace (root with CAP_NET_ADMIN): the kernel's buffers hide a queue`,
    );
    return narrow(bench, part, forMs);
  }
  const [program, ...through] = throughSmallBuffers;
  const again = [process.execPath, ...process.argv.slice(1), '--inside', part];
  const child = spawn(program, [...through, ...again], { stdio: ['ignore', 'inherit', 'inherit'] });
  const [status] = await once(child, 'exit');
  if (status !== 0) throw new Error(`${part} was not measured: status ${status}`);
}
