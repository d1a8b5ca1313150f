import { setTimeout as delay } from 'node:timers/promises';
import { cpuSeconds } from '../usage.mjs';

const RATE_BYTES = 250_000;
const SETTLE_MS = 2_000;
const WEBRTC_VIEWERS = 30;

/** @typedef {{ tunnel: number, cores: number, received: number, least: number }} Carried */

/**
 * Many viewers of one camera, by each way to the viewer: what they cost the redirector, and that the tunnel carries
 * the camera once.
 * @param {import('../../../tools/bench.mjs').Bench} bench
 * @param {import('./scene.mjs').Scene} scene
 * @param {{ seconds: number, viewers: number }} extent
 */
export default async function fanOut({ report, progress }, scene, { seconds, viewers: count }) {
  const one = await watched(scene, { url: await scene.newUrl(), kind: 'counted', count: 1 }, seconds);
  const ways = [
    { way: 'RTSP/TCP', kind: 'counted', count, url: await scene.newUrl(), bar: 0.3 },
    { way: 'WebSocket', kind: 'socket', count, url: await scene.newPlayUrl(), bar: 0.3 },
    { way: 'WebRTC', kind: 'webrtc', count: WEBRTC_VIEWERS, url: await scene.newPlayUrl(), bar: 0.15 },
  ];
  for (const { way, bar, ...viewers } of ways) {
    progress(`${viewers.count} viewers by ${way} …`);
    const all = await watched(scene, viewers, seconds);
    const what = `${viewers.count} viewers × 2 Mbit/s, ${way}`;
    const share = (all.received / (viewers.count * RATE_BYTES)) * 100;
    report({ figure: `${what}: CPU of the redirector`, value: all.cores, unit: 'cores', bar: `value <= ${bar}` });
    report({ figure: `${what}: delivered of what the camera sent`, value: share, unit: '%', bar: 'value >= 98' });
    report({ figure: `${what}: the worst viewer's share`, value: (all.least / RATE_BYTES) * 100, unit: '%' });
    report({
      figure: `${what}: bytes through the tunnel`,
      value: all.tunnel / 1_000,
      unit: 'kB/s',
      reference: 'with one viewer',
      referenceValue: one.tunnel / 1_000,
      bar: 'ratio <= 1.02',
    });
  }
  const { opened } = await scene.camera.ask('stats');
  report({ figure: 'CPU of the redirector with one viewer', value: one.cores, unit: 'cores' });
  report({ figure: 'openings of the camera for all of them', value: opened, unit: 'openings' });
}

/**
 * @param {import('./scene.mjs').Scene} scene
 * @param {{ url: string, kind: string, count: number }} viewers
 * @param {number} seconds
 * @returns {Promise<Carried>}
 */
async function watched(scene, { url, kind, count }, seconds) {
  const { viewers, redirectorPid } = scene;
  await viewers.ask('open', { url, count, kind });
  await delay(SETTLE_MS);
  const clock = () => performance.now() / 1_000;
  const [bytes, cpu, at] = [await scene.tunnelBytes(), cpuSeconds(redirectorPid), clock()];
  await viewers.ask('figures');
  const receivedAt = clock();
  await delay(seconds * 1_000);
  const { bytes: received, least } = await viewers.ask('figures');
  const receivedFor = clock() - receivedAt;
  const [after, used, until] = [await scene.tunnelBytes(), cpuSeconds(redirectorPid), clock()];
  await viewers.ask('close');
  return {
    tunnel: (after - bytes) / (until - at),
    cores: (used - cpu) / (until - at),
    received: received / receivedFor,
    least: least / receivedFor,
  };
}
