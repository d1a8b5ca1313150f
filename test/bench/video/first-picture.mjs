import { setTimeout as delay } from 'node:timers/promises';
import { quantile } from '../quantile.mjs';
import { pageFirstPictures } from './page.mjs';
import { COLD } from './scene.mjs';

const WARM_VIEWERS = 40;
const GOP_MS = 1_000;
const WARM_BAR = 'value <= 50';
const PAGE_BAR = 'value <= 300';

/**
 * From PLAY to the end of the first keyframe while others watch, from the connection on when nobody does, and in a browser.
 * @param {import('../../../tools/bench.mjs').Bench} bench
 * @param {import('./scene.mjs').Scene} scene
 */
export default async function firstPicture({ report, progress }, scene) {
  const { viewers } = scene;
  const warm = await firstPictures(viewers, await scene.newUrl());
  const figure = 'first picture while others watch, RTSP/TCP';
  report({ figure: `${figure}, p50`, value: quantile(warm, 0.5), unit: 'ms' });
  report({ figure: `${figure}, p95`, value: quantile(warm, 0.95), unit: 'ms', bar: WARM_BAR });
  const cold = [];
  for (const [index, name] of COLD.entries()) {
    await delay((index * GOP_MS) / COLD.length);
    const began = performance.now();
    await viewers.ask('open', { url: await scene.newUrl(name), count: 1, kind: 'counted' });
    cold.push(performance.now() - began);
    await viewers.ask('close');
  }
  cold.sort((a, b) => a - b);
  const what = 'first picture when nobody watches, from asking for a ticket on';
  report({ figure: `${what}, p50`, value: quantile(cold, 0.5), unit: 'ms' });
  report({
    figure: `${what}, slowest of ${COLD.length}`,
    value: cold.at(-1) ?? 0,
    unit: 'ms',
    bar: `value <= ${GOP_MS + 500}`,
  });
  const pages = await pageFirstPictures(scene, progress);
  if (pages.length === 0) return;
  const page = 'first picture in Chromium while others watch, MSE, from opening the socket';
  report({ figure: `${page}, p50`, value: quantile(pages, 0.5), unit: 'ms' });
  report({ figure: `${page}, slowest of ${pages.length}`, value: pages.at(-1) ?? 0, unit: 'ms', bar: PAGE_BAR });
}

/**
 * One after the other, between keyframes at any moment, while another watches.
 * @param {import('../load/process.mjs').LoadProcess} viewers
 * @param {string} url
 * @param {number} [count]
 * @returns {Promise<number[]>} ms, ascending
 */
export async function firstPictures(viewers, url, count = WARM_VIEWERS) {
  await viewers.ask('open', { url, count: 1, kind: 'counted' });
  const firsts = [];
  for (let viewer = 0; viewer < count; viewer++) {
    firsts.push((await viewers.ask('open', { url, count: 1, kind: 'counted' })).max);
    await delay(53);
  }
  await viewers.ask('close');
  return firsts.sort((a, b) => a - b);
}
