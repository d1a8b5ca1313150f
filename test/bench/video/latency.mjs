import { setTimeout as delay } from 'node:timers/promises';

const SETTLE_MS = 2_000;

/**
 * From the camera's last packet of a picture to the viewer's, through both redirectors and the tunnel.
 * @param {import('../../../tools/bench.mjs').Bench} bench
 * @param {import('./scene.mjs').Scene} scene
 * @param {{ seconds: number }} extent
 */
export default async function latency({ report }, { viewers, camera, newUrl }, { seconds }) {
  const measure = async (/** @type {string} */ url) => {
    await viewers.ask('open', { url, count: 1, kind: 'timed' });
    await delay(SETTLE_MS);
    await viewers.ask('figures');
    await delay(seconds * 1_000);
    const figures = await viewers.ask('figures');
    await viewers.ask('close');
    return figures;
  };
  const direct = await measure(`rtsp://127.0.0.1:${camera.port}/cam`);
  const ours = await measure(await newUrl());
  const bars = { p50: 'value <= 5', p95: 'value <= 20' };
  for (const point of /** @type {const} */ (['p50', 'p95'])) {
    const value = Math.max(0, ours[point] - direct[point]);
    report({ figure: `delay added by redirectors and tunnel, ${point}`, value, unit: 'ms', bar: bars[point] });
  }
  report({ figure: 'pictures missing', value: ours.gaps, unit: 'gaps', bar: 'value <= 0' });
}
