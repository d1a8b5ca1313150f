import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../../tools/launcher/port.mjs';
import { BenchCloud } from './cloud.mjs';
import { LoadProcess } from './load/process.mjs';

const CAP_BITS_PER_S = 10e6;
/** A line that could do ten times as much. */
const LINE_BITS_PER_S = 100e6;
const DELAY_MS = 20;
const RTT_MS = 2 * DELAY_MS;
const BULK_CHANNELS = 4;
const LIVE_CHANNELS = 2;
const WARM_UP_MS = 3_000;
/** From a cut to when bulk flows again. */
const RESUME_MS = 4_000;

/**
 * What an agent with a cap of 10 Mbit/s sends, TLS included, in any second, and how long control takes meanwhile: bulk,
 * live and control at once, before and after a reset of all connections, whose resume sends again what was lost.
 * @param {import('../../tools/bench.mjs').Bench} bench
 * @param {(() => Promise<void>)[]} stops
 * @param {number} forMs
 */
export async function cap({ report, progress }, stops, forMs) {
  const { client, line, cloud, label, stateDir } = await cappedSite(stops);
  const open = async (
    /** @type {import('./load/traffic.mjs').Mode} */ mode,
    /** @type {number} */ count,
    /** @type {import('./cloud.mjs').ChannelClass} */ channelClass,
  ) => client.ask('open', { mode, paths: await cloud.dials(label, 'load', count, channelClass) });
  await open('echo', 1, 'control');
  await delay(WARM_UP_MS / 3);
  await client.ask('trips');
  await delay(forMs / 2);
  const idle = await client.ask('trips');
  await open('source', BULK_CHANNELS, 'bulk');
  await open('video', LIVE_CHANNELS, 'live');
  await delay(WARM_UP_MS);
  progress(`bulk, live and control under a cap of ${CAP_BITS_PER_S / 1e6} Mbit/s …`);
  const peak = peakOf(line);
  await peak.note();
  await client.ask('trips');
  await delay(forMs);
  const before = await peak.note();
  const busy = await client.ask('trips');
  progress('all connections are reset …');
  await line.ask('happen', { event: 'reset all' });
  await delay(RESUME_MS);
  await peak.note();
  await client.ask('trips');
  await delay(forMs);
  const after = await peak.note();
  const resumed = await client.ask('trips');
  const reference = 'cap';
  const referenceValue = CAP_BITS_PER_S / 1e6;
  const capped = { unit: 'Mbit/s', reference, referenceValue };
  report({ figure: 'capped uplink: most in any second', value: peak.mbit, ...capped, bar: 'ratio <= 1.05' });
  report({ figure: 'capped uplink: mean before the cut', value: before, ...capped });
  report({ figure: 'capped uplink: mean after the resume', value: after, ...capped });
  // Younger than the cut: the agent writes it at least every ten seconds, and at each change of the tunnel.
  const { tunnel } = JSON.parse(readFileSync(join(stateDir, 'status.json'), 'utf8'));
  report({ figure: 'capped uplink: sent again after the cut', value: tunnel.traffic.bytesResent / 1e3, unit: 'kB' });
  const trips = { unit: 'ms', reference: 'idle uplink' };
  for (const [when, measured] of /** @type {const} */ ([
    ['before the cut', busy],
    ['after the resume', resumed],
  ])) {
    for (const point of /** @type {const} */ (['p50', 'p99'])) {
      const figure = `control round trip, capped uplink ${when}: ${point}`;
      const bar = point === 'p99' ? { bar: `value <= ${RTT_MS + 50}` } : {};
      report({ figure, value: measured[point], ...trips, referenceValue: Number(idle[point].toPrecision(4)), ...bar });
    }
  }
}

/** @param {LoadProcess} line */
function peakOf(line) {
  let sinceMs = 0;
  let bytesBefore = 0;
  const peak = {
    /** In any second so far. */
    mbit: 0,
    /** @returns {Promise<number>} Mbit/s since the last call */
    note: async () => {
      const { bytes, mostInASecond, atMs } = await line.ask('count');
      peak.mbit = (mostInASecond * 8) / 1e6;
      const mbitPerS = ((bytes - bytesBefore) * 8) / (atMs - sinceMs) / 1e3;
      [sinceMs, bytesBefore] = [atMs, bytes];
      return mbitPerS;
    },
  };
  return peak;
}

/** @param {(() => Promise<void>)[]} stops */
async function cappedSite(stops) {
  const site = await LoadProcess.start('site');
  stops.push(() => site.stop());
  const client = await LoadProcess.start('client');
  stops.push(() => client.stop());
  const endpointPort = await freePort();
  const cloud = await BenchCloud.start({ endpointPort });
  stops.push(() => cloud.stop());
  const args = [cloud.ports.tunnel, endpointPort, DELAY_MS, LINE_BITS_PER_S].map(String);
  const line = await LoadProcess.start('client', { args, file: join(import.meta.dirname, 'metered-line.mjs') });
  stops.push(() => line.stop());
  const { label, stateDir } = await cloud.startAgent({ load: site.port }, { uplink: { limit: '10 Mbit/s' } });
  return { client, line, cloud, label, stateDir };
}
