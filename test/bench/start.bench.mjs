import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { runCommand } from '../../tools/launcher/command.mjs';
import { freePort } from '../../tools/launcher/port.mjs';

const ROOT = join(import.meta.dirname, '..', '..');
const COLD_LIMIT_MS = 10 * 60_000;
const STOP_LIMIT_MS = 10_000;

/**
 * From `npm start` in a fresh clone with an empty npm cache, and again when installed and built, to the first decoded
 * frame of the first URL that it prints.
 * @param {import('../../tools/bench.mjs').Bench} bench
 */
export default async function start({ report, progress }) {
  const dir = mkdtempSync(join(tmpdir(), 'adit-bench-'));
  try {
    const clone = join(dir, 'adit');
    progress('cloning …');
    await runCommand('git', ['clone', '-q', '--no-hardlinks', ROOT, clone]);
    // The same in both starts: the demo site's keyfile names the port of the first.
    /** @type {string[]} */
    const flags = [];
    for (const name of ['http', 'rtsp', 'tunnel', 'ingress']) flags.push(`--${name}-port`, String(await freePort()));
    for (const [figure, bar] of [
      ['fresh clone, cold npm cache, to the first frame', 'value <= 180'],
      ['second start, to the first frame', 'value <= 20'],
    ]) {
      progress(`${figure} …`);
      const { seconds, stopSeconds } = await firstFrame(clone, flags, join(dir, 'npm-cache'), progress);
      report({ figure, value: seconds, unit: 's', bar });
      report({ figure: `stop after: ${figure}`, value: stopSeconds, unit: 's', bar: 'value <= 5' });
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/**
 * @param {string} clone
 * @param {string[]} flags
 * @param {string} cache
 * @param {(line: string) => void} progress
 */
async function firstFrame(clone, flags, cache, progress) {
  const startedAt = performance.now();
  const npm = spawn('npm', ['start', '--', ...flags], {
    cwd: clone,
    env: environment(cache),
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  const ended = once(npm, 'close');
  try {
    const url = await printedUrl(npm.stdout, ended, progress);
    await runCommand('ffmpeg', [
      ...'-nostdin -loglevel error -rtsp_transport tcp -i'.split(' '),
      url,
      ...'-frames:v 1 -f null -'.split(' '),
    ]);
    const seconds = (performance.now() - startedAt) / 1000;
    const stoppedAt = performance.now();
    // As Ctrl-C does it: to npm and to all that it runs.
    signalGroup(npm, 'SIGINT');
    await ended;
    return { seconds, stopSeconds: (performance.now() - stoppedAt) / 1000 };
  } finally {
    const cut = setTimeout(() => signalGroup(npm, 'SIGKILL'), STOP_LIMIT_MS);
    signalGroup(npm, 'SIGTERM');
    await ended;
    clearTimeout(cut);
  }
}

/**
 * @param {import('node:child_process').ChildProcess} leader
 * @param {NodeJS.Signals} signal
 */
function signalGroup(leader, signal) {
  if (leader.pid === undefined || leader.exitCode !== null || leader.signalCode !== null) return;
  process.kill(-leader.pid, signal);
}

/**
 * What a person's shell has, without what the npm that runs this benchmark has added.
 * @param {string} cache
 */
function environment(cache) {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|ADIT_|DATABASE_URL$|NATS_URL$|NODE$|INIT_CWD$)/.test(name),
  );
  const path = (process.env.PATH ?? '').split(':').filter((part) => !part.includes('node_modules'));
  return { ...Object.fromEntries(own), PATH: path.join(':'), npm_config_cache: cache };
}

/**
 * @param {import('node:stream').Readable} output
 * @param {Promise<unknown>} ended
 * @param {(line: string) => void} progress
 * @returns {Promise<string>}
 */
function printedUrl(output, ended, progress) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('no player line in time')), COLD_LIMIT_MS);
    void ended.then(() => reject(new Error('npm start ended')));
    let isReady = false;
    createInterface({ input: output }).on('line', (line) => {
      progress(`  ${line.slice(0, 160)}`);
      if (line.startsWith('Adit is ready')) isReady = true;
      const [, url] = /ffplay -rtsp_transport tcp '([^']+)'/.exec(line) ?? [];
      if (!isReady || !url) return;
      clearTimeout(timer);
      resolve(url);
    });
  });
}
