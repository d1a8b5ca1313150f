import { parseArgs } from 'node:util';
import { BenchCloud } from './cloud.mjs';
import { changes } from './federation/changes.mjs';
import { FederatedSites } from './federation/federated-sites.mjs';
import { sync } from './federation/sync.mjs';
import { warnWhenBusy } from './usage.mjs';

/** @typedef {(() => Promise<void>)[]} Stops */

const FEDERATION = { ADIT_DIRECT_ALLOW_CIDRS: '127.0.0.0/8' };

/**
 * One federation process with many roles: how long it takes to know all entities, what it costs to hold them, how soon a
 * change is seen.
 * @param {import('../../tools/bench.mjs').Bench} bench
 */
export default async function federation(bench) {
  const { values } = parseArgs({
    args: process.argv.slice(3),
    options: {
      only: { type: 'string' },
      roles: { type: 'string', default: '500' },
      entities: { type: 'string', default: '150' },
    },
  });
  warnWhenBusy(bench.progress);
  const extent = { roles: Number(values.roles), entities: Number(values.entities), processes: 2 };
  const parts = values.only === undefined ? ['sync'] : [values.only];
  if (parts.includes('sync')) await whileOpen((stops) => many(bench, stops, extent));
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
  const cloud = await BenchCloud.start({ apps: ['federation'], federation: FEDERATION });
  stops.push(() => cloud.stop());
  bench.progress(`${extent.roles} sites and their roles are made …`);
  const from = performance.now();
  const sites = await FederatedSites.prepare(cloud, extent.roles);
  bench.progress(`  in ${((performance.now() - from) / 1_000).toFixed(1)} s`);
  await sync(bench, sites, extent, stops);
  await changes(bench, sites);
}
