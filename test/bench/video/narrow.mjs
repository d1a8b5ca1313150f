import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../../../tools/launcher/port.mjs';
import { startLine } from '../line.mjs';
import { CIPHERS, hasSsh, startSsh } from '../ssh.mjs';
import { Decoder, monotonicMs } from './decoder.mjs';
import { presentRedirectors } from './redirectors.mjs';
import { CARD } from './scene.mjs';
import { CARD_BITS_PER_S, CARD_FPS } from './test-card.mjs';

const SHARE = 0.6;
const NARROW_MBIT = (CARD_BITS_PER_S * SHARE) / 1e6;
const NARROW_S = 60;
const CALM_MS = 3_000;
/** How long each has after the minute to catch up. */
const AFTER_MS = 8_000;
const BAR = 'value <= 1500';

/**
 * A camera of 4 Mbit/s over an uplink that carries 60 % of it for a minute, as ffmpeg decodes it: through the
 * redirectors, and at the same time through `ssh -R` over a line of its own with the same settings.
 * @param {import('../../../tools/bench.mjs').Bench} bench
 * @param {import('./scene.mjs').Scene} scene
 */
export default async function narrow({ report, progress }, scene) {
  if (!scene.hasCard) return progress('SKIPPED: ffmpeg makes and decodes the pictures, and is not there');
  /** @type {(() => Promise<void>)[]} */
  const stops = [];
  try {
    const { cardBeganMs } = await scene.camera.ask('stats');
    const watched = async (/** @type {string} */ name, /** @type {string} */ url) => {
      const decoder = await Decoder.start(url, cardBeganMs);
      stops.push(() => decoder.stop());
      return { name, decoder };
    };
    const ours = await watched('redirectors', await scene.newUrl(CARD));
    const peers = await besides(scene.camera.port, stops, progress);
    const theirs = [];
    for (const { name, url } of peers.watched) theirs.push(await watched(name, url));
    await scene.viewers.ask('open', { url: await scene.newUrl(CARD), count: 1, kind: 'timed' });
    await delay(CALM_MS);
    await scene.viewers.ask('figures');
    const minute = await narrowed([scene.line, ...peers.lines], progress);
    const arrived = await scene.viewers.ask('figures');
    await delay(AFTER_MS);
    reportArrived(report, arrived, await scene.viewers.ask('jumps'));
    reportDecoded(report, ours.name, ours.decoder.figures(minute.fromMs, minute.toMs));
    for (const { name, decoder } of theirs) reportDecoded(report, name, decoder.figures(minute.fromMs, minute.toMs));
    for (const { name, decoder } of [ours, ...theirs]) reportAfter(report, name, decoder, minute.toMs);
    await scene.viewers.ask('close');
  } finally {
    for (const stop of stops.toReversed()) await stop();
  }
}

/**
 * @param {import('../line.mjs').Line[]} lines
 * @param {(line: string) => void} progress
 */
async function narrowed(lines, progress) {
  progress(`${NARROW_S} s at ${SHARE * 100} % …`);
  const fromMs = monotonicMs();
  for (const line of lines) line.happen(`rate ${NARROW_MBIT} up`);
  await delay(NARROW_S * 1_000);
  const toMs = monotonicMs();
  for (const line of lines) line.happen('rate 0 up');
  return { fromMs, toMs };
}

/**
 * What users have today: the camera's port forwarded by ssh, and redirectors of others behind such a forward.
 * @param {number} cameraPort
 * @param {(() => Promise<void>)[]} stops
 * @param {(line: string) => void} progress
 */
async function besides(cameraPort, stops, progress) {
  /** @type {import('../line.mjs').Line[]} */
  const lines = [];
  /** @type {{ name: string, url: string }[]} */
  const watched = [];
  if (!hasSsh) {
    progress('SKIPPED: nothing beside, because sshd is not installed');
    return { lines, watched };
  }
  const forward = async () => {
    const controlPort = await freePort();
    const line = await startLine(['--to', `127.0.0.1:${controlPort}`]);
    stops.push(line.stop);
    lines.push(line);
    const ssh = await startSsh(cameraPort, CIPHERS[0], { controlPort, dialPort: line.port });
    stops.push(ssh.stop);
    return `rtsp://127.0.0.1:${ssh.port}/card`;
  };
  watched.push({ name: 'ssh -R', url: await forward() });
  for (const redirector of presentRedirectors(progress)) {
    const peer = await redirector.start(await forward());
    stops.push(peer.stop);
    watched.push({ name: `ssh -R and ${redirector.name}`, url: peer.url });
  }
  return { lines, watched };
}

const WHAT = '4 Mbit/s at 60 % for a minute';

/**
 * Of a viewer that takes whole pictures as they come, whatever a decoder keeps back.
 * @param {import('../../../tools/bench.mjs').Bench['report']} report
 * @param {Record<string, number>} arrived
 * @param {Record<string, number>} jumps
 */
function reportArrived(report, arrived, jumps) {
  report({ figure: `${WHAT}: age of pictures at the viewer, p50`, value: arrived.p50, unit: 'ms' });
  report({ figure: `${WHAT}: age of pictures at the viewer, p95`, value: arrived.p95, unit: 'ms', bar: BAR });
  report({ figure: `${WHAT}: age of pictures at the viewer, max`, value: arrived.max, unit: 'ms', bar: BAR });
  report({ figure: `${WHAT}: gaps`, value: jumps.count, unit: 'gaps' });
  report({ figure: `${WHAT}: longest gap`, value: jumps.longestMs, unit: 'ms' });
  report({
    figure: `${WHAT}: gaps that do not end at a keyframe`,
    value: jumps.notAtKey,
    unit: 'gaps',
    bar: 'value <= 0',
  });
}

/**
 * @param {import('../../../tools/bench.mjs').Bench['report']} report
 * @param {string} name
 * @param {ReturnType<Decoder['figures']>} seen
 */
function reportDecoded(report, name, seen) {
  report({ figure: `${WHAT}, ${name}: age of decoded pictures, p50`, value: seen.p50, unit: 'ms' });
  report({ figure: `${WHAT}, ${name}: age of decoded pictures, p95`, value: seen.p95, unit: 'ms' });
  report({ figure: `${WHAT}, ${name}: age of decoded pictures, max`, value: seen.max, unit: 'ms' });
  report({ figure: `${WHAT}, ${name}: age of what is on the screen, p95`, value: seen.screenP95, unit: 'ms' });
  report({ figure: `${WHAT}, ${name}: age of what is on the screen, max`, value: seen.screenMax, unit: 'ms' });
  report({ figure: `${WHAT}, ${name}: decoded of what was sent`, value: shareOf(seen.pictures), unit: '%' });
  report({ figure: `${WHAT}, ${name}: broken pictures`, value: seen.broken, unit: 'pictures' });
}

/**
 * @param {import('../../../tools/bench.mjs').Bench['report']} report
 * @param {string} name
 * @param {Decoder} decoder
 * @param {number} overMs
 */
function reportAfter(report, name, decoder, overMs) {
  const { max } = decoder.figures(overMs + AFTER_MS - 1_000, overMs + AFTER_MS);
  report({ figure: `${WHAT}, ${name}: age of pictures ${AFTER_MS / 1_000} s later, max`, value: max, unit: 'ms' });
  report({ figure: `${WHAT}, ${name}: complaints of the decoder`, value: decoder.faults, unit: 'lines' });
}

/** @param {number} pictures */
function shareOf(pictures) {
  return (pictures / (NARROW_S * CARD_FPS)) * 100;
}
