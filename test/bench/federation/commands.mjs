import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../../../tools/launcher/port.mjs';
import { BenchCloud } from '../cloud.mjs';
import { startLine } from '../line.mjs';
import { LoadProcess } from '../load/process.mjs';
import { tellDelays } from './changes.mjs';
import { ControlLane } from './control-lane.mjs';
import { FederatedSites } from './federated-sites.mjs';

/** 40 ms there and back, 10 Mbit/s up; the queue holds 100 ms, as cheap routers' do. */
export const NARROW = '--delay 20 --up-rate 10 --down-rate 100 --buffer 128'.split(' ');
/** Of 4 Mbit/s each: more than the uplink bears. */
const VIDEO_CHANNELS = 4;
const WARM_UP_MS = 5_000;
const PAUSE_MS = 50;
const BAR_MS = 250;

/**
 * The control lane of a role (dial by the role's own ticket, TLS to the site, gRPC) while live video fills the site's
 * uplink. To be run where kernel buffers are small.
 * @param {import('../../../tools/bench.mjs').Bench} bench
 * @param {(() => Promise<void>)[]} stops
 * @param {number} forMs
 */
export async function commands({ report, progress }, stops, forMs) {
  const source = await LoadProcess.start('site');
  stops.push(() => source.stop());
  const client = await LoadProcess.start('client');
  stops.push(() => client.stop());
  const endpointPort = await freePort();
  const cloud = await BenchCloud.start({ endpointPort, apps: ['federation'] });
  stops.push(() => cloud.stop());
  const to = `127.0.0.1:${cloud.ports.tunnel}`;
  const line = await startLine(['--to', to, '--listen', String(endpointPort), ...NARROW]);
  stops.push(line.stop);
  const sites = await FederatedSites.prepare(cloud, 1, 'narrow');
  await sites.start({ entities: 150, endpointPort, services: { load: source.port } }, stops);
  const { label } = sites.identities[0];
  const lane = await ControlLane.open(sites, label);
  stops.push(async () => lane.close());
  progress('commands on an idle uplink …');
  const idle = await trips(lane, forMs / 2);
  progress(`commands while ${VIDEO_CHANNELS} channels of live video fill the uplink …`);
  const paths = await cloud.dials(label, 'load', VIDEO_CHANNELS, 'live');
  await client.ask('open', { mode: 'video', paths });
  await delay(WARM_UP_MS);
  const from = await client.ask('count');
  const busy = await trips(lane, forMs);
  const until = await client.ask('count');
  tellDelays(report, `${lane.command} round trip, idle 10 Mbit/s uplink`, idle);
  tellDelays(report, `${lane.command} round trip, 10 Mbit/s uplink full of video`, busy, BAR_MS);
  const mbitPerS = ((until.bytes - from.bytes) * 8) / (until.atMs - from.atMs) / 1e3;
  report({
    figure: 'video on the full uplink',
    value: mbitPerS,
    unit: 'Mbit/s',
    reference: 'line',
    referenceValue: 10,
  });
}

/**
 * @param {ControlLane} lane
 * @param {number} forMs
 * @returns {Promise<number[]>} ms of each
 */
export async function trips(lane, forMs) {
  const until = performance.now() + forMs;
  const taken = [];
  while (performance.now() < until) {
    const from = performance.now();
    await lane.ask();
    taken.push(performance.now() - from);
    await delay(PAUSE_MS);
  }
  return taken;
}
