import { setTimeout as delay } from 'node:timers/promises';
import { cpuSeconds } from '../usage.mjs';

const RATE_BYTES = 250_000;
const SETTLE_MS = 2_000;

/**
 * Many viewers of one camera: what they cost the redirector, and that the tunnel carries the camera once.
 * @param {import('../../../tools/bench.mjs').Bench} bench
 * @param {import('./scene.mjs').Scene} scene
 * @param {{ seconds: number, viewers: number }} extent
 */
export default async function fanOut({ report }, scene, { seconds, viewers: count }) {
  const { viewers, camera, newUrl, redirectorPid } = scene;
  const url = await newUrl();
  const clock = () => performance.now() / 1_000;
  const carried = async () => {
    const [bytes, cpu, at] = [await scene.tunnelBytes(), cpuSeconds(redirectorPid), clock()];
    await viewers.ask('figures');
    const receivedAt = clock();
    await delay(seconds * 1_000);
    const { bytes: received, least } = await viewers.ask('figures');
    const receivedFor = clock() - receivedAt;
    const [after, used, until] = [await scene.tunnelBytes(), cpuSeconds(redirectorPid), clock()];
    const s = until - at;
    return {
      tunnel: (after - bytes) / s,
      cores: (used - cpu) / s,
      received: received / receivedFor,
      least: least / receivedFor,
    };
  };
  await viewers.ask('open', { url, count: 1, kind: 'counted' });
  await delay(SETTLE_MS);
  const one = await carried();
  await viewers.ask('open', { url, count: count - 1, kind: 'counted' });
  await delay(SETTLE_MS);
  const all = await carried();
  const { opened } = await camera.ask('stats');
  await viewers.ask('close');
  const what = `${count} viewers × 2 Mbit/s`;
  const share = (all.received / (count * RATE_BYTES)) * 100;
  report({ figure: `${what}: CPU of the redirector`, value: all.cores, unit: 'cores', bar: 'value <= 0.3' });
  report({ figure: `${what}: CPU of the redirector with one`, value: one.cores, unit: 'cores' });
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
  report({ figure: `${what}: openings of the camera`, value: opened, unit: 'openings' });
}
