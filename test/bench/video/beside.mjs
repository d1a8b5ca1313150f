import { setTimeout as delay } from 'node:timers/promises';
import { CIPHERS, hasSsh, startSsh } from '../ssh.mjs';
import { cpuSeconds } from '../usage.mjs';
import { quantile } from '../quantile.mjs';
import { firstPictures } from './first-picture.mjs';
import { presentRedirectors } from './redirectors.mjs';
import { CARD } from './scene.mjs';

const SETTLE_MS = 2_000;
/** Few enough for what is single-threaded and copies. */
const VIEWERS = 100;
/** Without a cache each waits for a keyframe. */
const FIRSTS = 12;

/**
 * The card through the redirectors, and in turns through other programs behind `ssh -R`: delay, first picture, CPU.
 * @param {import('../../../tools/bench.mjs').Bench} bench
 * @param {import('./scene.mjs').Scene} scene
 * @param {{ seconds: number }} extent
 */
export default async function beside({ report, progress }, scene, { seconds }) {
  if (!scene.hasCard || !hasSsh) return progress('SKIPPED: needs ffmpeg and sshd');
  /** @type {(() => Promise<void>)[]} */
  const stops = [];
  try {
    const ssh = await startSsh(scene.camera.port, CIPHERS[0]);
    stops.push(ssh.stop);
    const ways = [{ name: 'redirectors', url: await scene.newUrl(CARD), pid: scene.redirectorPid }];
    for (const redirector of presentRedirectors(progress)) {
      const peer = await redirector.start(`rtsp://127.0.0.1:${ssh.port}/card`);
      stops.push(peer.stop);
      ways.push({ name: `ssh -R and ${redirector.name}`, url: peer.url, pid: peer.pid });
    }
    for (const way of ways) {
      await measure(report, scene.viewers, way, seconds).catch((/** @type {Error} */ error) => {
        progress(`SKIPPED: ${way.name}: ${error.message}`);
      });
    }
    await scene.viewers.ask('close');
  } finally {
    for (const stop of stops.toReversed()) await stop();
  }
}

/**
 * @param {import('../../../tools/bench.mjs').Bench['report']} report
 * @param {import('../load/process.mjs').LoadProcess} viewers
 * @param {{ name: string, url: string, pid: number }} way
 * @param {number} seconds
 */
async function measure(report, viewers, { name, url, pid }, seconds) {
  const firsts = await firstPictures(viewers, url, FIRSTS);
  await viewers.ask('open', { url, count: 1, kind: 'timed' });
  await delay(SETTLE_MS);
  await viewers.ask('figures');
  await delay(seconds * 1_000);
  const { p50, p95 } = await viewers.ask('figures');
  await viewers.ask('open', { url, count: VIEWERS - 1, kind: 'counted' });
  await delay(SETTLE_MS);
  const [before, at] = [cpuSeconds(pid), performance.now()];
  await delay(seconds * 1_000);
  const cores = (cpuSeconds(pid) - before) / ((performance.now() - at) / 1_000);
  await viewers.ask('close');
  report({ figure: `card, ${name}: first picture while others watch, p50`, value: quantile(firsts, 0.5), unit: 'ms' });
  report({
    figure: `card, ${name}: first picture while others watch, slowest of ${FIRSTS}`,
    value: firsts.at(-1) ?? 0,
    unit: 'ms',
  });
  report({ figure: `card, ${name}: delay from the camera, p50`, value: p50, unit: 'ms' });
  report({ figure: `card, ${name}: delay from the camera, p95`, value: p95, unit: 'ms' });
  report({ figure: `card, ${name}: CPU for ${VIEWERS} viewers × 4 Mbit/s`, value: cores, unit: 'cores' });
}
