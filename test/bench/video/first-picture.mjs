import { setTimeout as delay } from 'node:timers/promises';

const WARM_VIEWERS = 40;
const COLD_ROUNDS = 2;
/** Both redirectors let go of a stream that nobody has watched for 10 s, one after the other. */
const IDLE_MS = 23_000;
const GOP_MS = 1_000;

/**
 * From PLAY to the end of the first keyframe while others watch; from the connection on when nobody does.
 * @param {import('../../../tools/bench.mjs').Bench} bench
 * @param {import('./scene.mjs').Scene} scene
 */
export default async function firstPicture({ report, progress }, { viewers, camera, newUrl }) {
  const url = await newUrl();
  await viewers.ask('open', { url, count: 1, kind: 'counted' });
  /** @type {number[]} */
  const firsts = [];
  for (let viewer = 0; viewer < WARM_VIEWERS; viewer++) {
    firsts.push((await viewers.ask('open', { url, count: 1, kind: 'counted' })).max);
    await delay(53);
  }
  firsts.sort((a, b) => a - b);
  const warm = { p50: firsts[WARM_VIEWERS / 2], p95: firsts[Math.floor(WARM_VIEWERS * 0.95)] };
  report({ figure: 'first picture while others watch, RTSP/TCP, p50', value: warm.p50, unit: 'ms' });
  report({
    figure: 'first picture while others watch, RTSP/TCP, p95',
    value: warm.p95,
    unit: 'ms',
    bar: 'value <= 50',
  });
  let coldest = 0;
  for (let round = 0; round < COLD_ROUNDS; round++) {
    await viewers.ask('close');
    progress('waiting until the stream is let go …');
    await delay(IDLE_MS);
    const { outlets } = await camera.ask('stats');
    if (outlets > 0) progress('WARNING: the camera is still pulled');
    const began = performance.now();
    await viewers.ask('open', { url: await newUrl(), count: 1, kind: 'counted' });
    coldest = Math.max(coldest, performance.now() - began);
  }
  await viewers.ask('close');
  const bar = `value <= ${GOP_MS + 500}`;
  report({ figure: 'first picture when nobody watches, from asking for a ticket on', value: coldest, unit: 'ms', bar });
}
