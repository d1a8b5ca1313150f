import { setTimeout as delay } from 'node:timers/promises';
import { quantile } from '../quantile.mjs';

const CHANGES_PER_S = 20;
const EVENTS_PER_S = 200;
const SAMPLES = 60;
const POLL_MS = 10;
const LIMIT_MS = 10_000;
const BAR_MS = 1_000;
const WATCHED = 'camera-001';

/**
 * From a change at a site to the REST API, while all sites together change and report events at a rate.
 * @param {import('../../../tools/bench.mjs').Bench} bench
 * @param {import('./federated-sites.mjs').FederatedSites} sites
 */
export async function changes({ report, progress }, sites) {
  const rest = await sites.cloud.signIn();
  await sites.setRates({ changesPerS: CHANGES_PER_S, eventsPerS: EVENTS_PER_S });
  progress(`${SAMPLES} changes, one after the other, beside ${CHANGES_PER_S} others a second …`);
  const delays = [];
  for (let sample = 0; sample < SAMPLES; sample++) {
    const index = Math.floor((sample * sites.identities.length) / SAMPLES);
    delays.push(await changeDelay(rest, sites, index));
  }
  await sites.setRates({});
  tellDelays(report, `entity change to REST, ${sites.identities.length} roles`, delays, BAR_MS);
}

/**
 * @param {import('../../../tools/demo/rest.mjs').Rest} rest
 * @param {import('./federated-sites.mjs').FederatedSites} sites
 * @param {number} index of the site
 * @returns {Promise<number>} ms
 */
export async function changeDelay(rest, sites, index) {
  const { siteId, label } = sites.identities[index];
  const camera = await watchedCamera(rest, siteId);
  const { state, atMs } = await sites.change(label, WATCHED);
  for (;;) {
    const seen = /** @type {{ state: string }} */ (await rest.call('GET', `/cameras/${camera}`));
    const delayMs = Date.now() - atMs;
    if (seen.state === state || delayMs > LIMIT_MS) return delayMs;
    await delay(POLL_MS);
  }
}

/**
 * @param {import('../../../tools/demo/rest.mjs').Rest} rest
 * @param {string} siteId
 * @returns {Promise<string>} its id
 */
export async function watchedCamera(rest, siteId) {
  /** @type {{ id: string, remoteId: string }[]} */
  const cameras = await rest.list(`/cameras?siteId=${siteId}&limit=200`);
  const found = cameras.find(({ remoteId }) => remoteId === WATCHED);
  if (found === undefined) throw new Error('a site without its first camera');
  return found.id;
}

/**
 * @param {import('../../../tools/bench.mjs').Bench['report']} report
 * @param {string} figure
 * @param {number[]} delays ms
 * @param {number} [barMs] of p95
 */
export function tellDelays(report, figure, delays, barMs) {
  const sorted = delays.toSorted((a, b) => a - b);
  report({ figure: `${figure}: p50`, value: quantile(sorted, 0.5), unit: 'ms' });
  const bar = barMs === undefined ? {} : { bar: `value <= ${barMs}` };
  report({ figure: `${figure}: p95`, value: quantile(sorted, 0.95), unit: 'ms', ...bar });
  report({ figure: `${figure}: max`, value: sorted.at(-1) ?? Number.NaN, unit: 'ms' });
}
