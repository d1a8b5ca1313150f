import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { BenchCloud } from '../cloud.mjs';
import { LoadProcess } from '../load/process.mjs';
import { quantile } from '../quantile.mjs';

const COUNT = 50;
const CHANNELS = 12;
const GIVE_UP_MS = 30_000;

/**
 * One agent renews again and again under live video.
 * @param {import('../../../tools/bench.mjs').Bench} bench
 */
export default async function renewals(bench) {
  await renewUnderLoad(bench, COUNT);
}

/**
 * @param {import('../../../tools/bench.mjs').Bench} bench
 * @param {number} count
 */
export async function renewUnderLoad({ report, progress }, count) {
  const cloud = await BenchCloud.start();
  const site = await LoadProcess.start('site');
  const client = await LoadProcess.start('client');
  try {
    const agent = await cloud.startAgent({ load: site.port });
    await client.ask('open', { mode: 'video', paths: await cloud.dials(agent.label, 'load', CHANNELS, 'live') });
    const times = [];
    for (let turn = 1; turn <= count; turn += 1) {
      times.push(await renewOnce(agent.stateDir));
      if (turn % 100 === 0) progress(`  ${turn}`);
    }
    const { open = 0 } = await client.ask('frames');
    const [row] = await cloud.query('SELECT count(*)::int AS sessions FROM tunnel_session');
    times.sort((a, b) => a - b);
    const lost = CHANNELS - open;
    report({ figure: `channels dropped in ${count} renewals`, value: lost, unit: 'channels', bar: 'value <= 0' });
    report({
      figure: `sessions of the agent in ${count} renewals`,
      value: row?.sessions,
      unit: 'sessions',
      bar: 'value <= 1',
    });
    report({ figure: 'a renewal, asked for until used, p50', value: quantile(times, 0.5), unit: 'ms' });
    report({ figure: 'a renewal, asked for until used, p99', value: quantile(times, 0.99), unit: 'ms' });
  } finally {
    await client.stop();
    await site.stop();
    await cloud.stop();
  }
}

/**
 * As `adit-agent renew` asks for it.
 * @param {string} stateDir
 * @returns {Promise<number>} ms
 */
async function renewOnce(stateDir) {
  const before = certificateIn(stateDir);
  const began = performance.now();
  writeFileSync(join(stateDir, 'renewal-request.json'), JSON.stringify({ v: 1, id: randomUUID() }));
  while (certificateIn(stateDir) === before) {
    if (performance.now() - began > GIVE_UP_MS) throw new Error('the agent does not renew');
    await delay(5);
  }
  return performance.now() - began;
}

/** @param {string} stateDir */
function certificateIn(stateDir) {
  return JSON.parse(readFileSync(join(stateDir, 'identity.json'), 'utf8')).certificateChain;
}
