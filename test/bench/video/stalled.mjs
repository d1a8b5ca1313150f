import { setTimeout as delay } from 'node:timers/promises';
import { residentBytes } from '../usage.mjs';

const STALLED = 50;
/** Each may hold 2 MB that it was cut at, and what of a burst the kernel has not taken. */
const BOUND_MB = 200;
/** The kernel takes 17 s of this stream before the redirector sees that nobody reads. */
const STALL_MS = 22_000;
/** The redirector counts a viewer's losses when it ends. */
const COUNTED_MS = 1_000;

/**
 * Viewers that read nothing beside one that does.
 * @param {import('../../../tools/bench.mjs').Bench} bench
 * @param {import('./scene.mjs').Scene} scene
 */
export default async function stalled({ report }, scene) {
  const { viewers, newUrl, redirectorPid } = scene;
  const url = await newUrl();
  await viewers.ask('open', { url, count: 1, kind: 'timed' });
  await viewers.ask('figures');
  const before = residentBytes(redirectorPid);
  await viewers.ask('open', { url, count: STALLED, kind: 'stuck' });
  let most = before;
  const until = performance.now() + STALL_MS;
  while (performance.now() < until) {
    await delay(500);
    most = Math.max(most, residentBytes(redirectorPid));
  }
  const { gaps, p95 } = await viewers.ask('figures');
  await viewers.ask('close');
  await delay(COUNTED_MS);
  const figures = await scene.cloud.figuresOf('video-redirector');
  const [, dropped = 0] = Object.entries(figures).find(([name]) => name.startsWith('adit_viewer_dropped_units')) ?? [];
  const grown = (most - before) / 1e6;
  report({
    figure: `${STALLED} stalled viewers: gaps of the healthy one`,
    value: gaps,
    unit: 'gaps',
    bar: 'value <= 0',
  });
  report({ figure: `${STALLED} stalled viewers: its delay, p95`, value: p95, unit: 'ms' });
  report({ figure: `${STALLED} stalled viewers: memory grown`, value: grown, unit: 'MB', bar: `value <= ${BOUND_MB}` });
  report({ figure: `${STALLED} stalled viewers: pictures left out for them`, value: dropped, unit: 'pictures' });
}
