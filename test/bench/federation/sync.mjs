import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { cpuSeconds, residentBytes } from '../usage.mjs';

const SYNC_BAR_S = 120;
const SYNC_LIMIT_MS = 240_000;
const RSS_BAR_MIB = 1_024;
const IDLE_MS = 10_000;
const MIB = 1024 * 1024;

/**
 * One federation process that starts while every site is there and the database knows no entity: how long until all
 * roles are connected and all entities are rows, what that costs, and what it costs to hold them.
 * @param {import('../../../tools/bench.mjs').Bench} bench
 * @param {import('./federated-sites.mjs').FederatedSites} sites
 * @param {{ entities: number, processes: number }} extent
 * @param {(() => Promise<void>)[]} stops
 */
export async function sync({ report, progress }, sites, { entities, processes }, stops) {
  const { cloud } = sites;
  const roles = sites.identities.length;
  const rows = roles * entities;
  await cloud.restart('federation', async () => {
    progress(`${roles} sites connect …`);
    await sites.start({ processes, entities }, stops);
  });
  const pid = cloud.apps.get('federation')?.pid ?? 0;
  const from = performance.now();
  let peak = 0;
  progress('federation starts …');
  await sites.until(
    'all roles are connected',
    async () => {
      const { connected, entities: known } = await sites.federated();
      peak = Math.max(peak, residentBytes(pid));
      progress(`  ${connected} roles connected, ${known} entities`);
      await delay(1_000);
      return connected === roles && known === rows;
    },
    SYNC_LIMIT_MS,
  );
  const seconds = (performance.now() - from - 1_000) / 1_000;
  const what = `${roles} roles × ${entities} entities`;
  report({ figure: `${what}: initial sync`, value: seconds, unit: 's', bar: `value <= ${SYNC_BAR_S}` });
  report({ figure: `${what}: CPU of federation to sync`, value: cpuSeconds(pid), unit: 's' });
  const before = cpuSeconds(pid);
  await delay(IDLE_MS);
  const cores = (cpuSeconds(pid) - before) / (IDLE_MS / 1_000);
  report({ figure: `${what}: CPU of federation, nothing happens`, value: cores, unit: 'cores' });
  const resident = { unit: 'MiB', bar: `value <= ${RSS_BAR_MIB}` };
  report({ figure: `${what}: memory of federation, most`, value: peakBytes(pid) / MIB, ...resident });
  report({ figure: `${what}: memory of federation, idle`, value: residentBytes(pid) / MIB, ...resident });
}

/**
 * Most that was resident since the start.
 * @param {number} pid
 */
function peakBytes(pid) {
  const [, kib = '0'] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) * 1024;
}
