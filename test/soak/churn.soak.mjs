import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { BenchCloud } from '../bench/cloud.mjs';
import { makeIdentities } from '../bench/identities.mjs';
import { LoadProcess } from '../bench/load/process.mjs';
import { residentBytes } from '../bench/usage.mjs';
import { Churn } from './churn.mjs';

const IDENTITIES = 200;
const TURN_MS = 500;
/** Below this the process is still warming up: the figure is for comparing. */
const BAR_MINUTES = 10;
const MAX_GROWTH_PERCENT = 10;
/** Longer than a session waits for its agent, and than connections take to go. */
const ALL_GONE_MS = 45_000;
/** Connections to the database and to messaging come and go by themselves. */
const FILES_TOLERANCE = 20;

/**
 * Sessions and channels that come, carry, are cut, are resumed and go, at a real broker process.
 * @param {import('../../tools/soak.mjs').Soak} soak
 */
export default async function churn({ report, progress, extent: { minutes } }) {
  const cloud = await BenchCloud.start();
  /** @type {(() => Promise<void>)[]} */
  const stops = [() => cloud.stop()];
  try {
    const identities = await makeIdentities(cloud, IDENTITIES);
    const agents = await LoadProcess.start('client', { file: join(import.meta.dirname, 'churn-agents.mjs') });
    stops.push(() => agents.stop());
    const client = await LoadProcess.start('client', { file: join(import.meta.dirname, 'churn-client.mjs') });
    stops.push(() => client.stop());
    const filesBefore = openFiles(cloud.brokerPid);
    const load = new Churn({ cloud, identities, agents, client });
    const samples = await endure(load, cloud.brokerPid, minutes, progress);
    await load.end();
    progress('all agents have gone; waiting for the broker to forget them …');
    await delay(ALL_GONE_MS);
    tell(report, load.tally, minutes);
    tellMemory(report, samples, minutes);
    report({
      figure: 'open files of the broker, when all have gone',
      value: openFiles(cloud.brokerPid),
      unit: 'files',
      reference: 'before any came',
      referenceValue: filesBefore,
      bar: `value <= ${filesBefore + FILES_TOLERANCE}`,
    });
    for (const line of load.faults) progress(line);
  } finally {
    for (const stop of stops.toReversed()) await stop();
  }
}

/**
 * @param {Churn} load
 * @param {number} pid
 * @param {number} minutes
 * @param {(line: string) => void} progress
 * @returns {Promise<number[]>} bytes, at equal distances
 */
async function endure(load, pid, minutes, progress) {
  /** @type {number[]} */
  const samples = [];
  const turns = Math.ceil((minutes * 60_000) / TURN_MS);
  const from = performance.now();
  for (let turn = 0; turn < turns; turn++) {
    await load.turn();
    samples.push(residentBytes(pid));
    if ((turn + 1) % Math.ceil(turns / 20) === 0)
      progress(`${mib(samples.at(-1) ?? 0).toFixed(0)} MiB, ${JSON.stringify(load.tally)}`);
    await delay(Math.max(0, from + (turn + 1) * TURN_MS - performance.now()));
  }
  return samples;
}

/**
 * @param {import('../../tools/soak.mjs').Soak['report']} report
 * @param {import('./churn.mjs').Tally} tally
 * @param {number} minutes
 */
function tell(report, tally, minutes) {
  report({ figure: `churn of ${minutes} minutes: sessions that came`, value: tally.came, unit: 'sessions' });
  report({ figure: 'sessions resumed after a cut of all lanes', value: tally.resumed, unit: 'sessions' });
  report({ figure: 'channels whose bytes all came back', value: tally.equal, unit: 'channels' });
  report({ figure: 'bytes each way', value: tally.bytes / 1e9, unit: 'GB' });
  report({ figure: 'dials refused while a session was away', value: tally.refused, unit: 'dials' });
  const none = { unit: 'channels', bar: 'value <= 0' };
  report({ figure: 'channels with other bytes', value: tally.different, ...none });
  report({ figure: 'channels cut though their session stayed', value: tally.cut, ...none });
  report({ figure: 'sessions lost though they could resume', value: tally.lost, unit: 'sessions', bar: 'value <= 0' });
}

/**
 * @param {import('../../tools/soak.mjs').Soak['report']} report
 * @param {number[]} samples
 * @param {number} minutes
 */
function tellMemory(report, samples, minutes) {
  const sixth = Math.floor(samples.length / 6);
  const [early, late] = [median(samples.slice(sixth, 2 * sixth)), median(samples.slice(-sixth))];
  report({ figure: 'memory of the broker, second sixth', value: mib(early), unit: 'MiB' });
  report({ figure: 'memory of the broker, last sixth', value: mib(late), unit: 'MiB' });
  const bar = minutes >= BAR_MINUTES ? { bar: `value <= ${MAX_GROWTH_PERCENT}` } : {};
  report({ figure: 'growth of the broker', value: (late / early - 1) * 100, unit: '%', ...bar });
}

/** @param {number[]} values */
function median(values) {
  return Float64Array.from(values).sort()[Math.floor(values.length / 2)] ?? 0;
}

/** @param {number} bytes */
function mib(bytes) {
  return bytes / 2 ** 20;
}

/** @param {number} pid */
function openFiles(pid) {
  return readdirSync(`/proc/${pid}/fd`).length;
}
