/** `npm start`: the whole platform on this machine, and a demo site. `--help` lists the flags. */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startCloud } from './launcher/cloud.mjs';
import { LauncherError } from './launcher/errors.mjs';
import { HELP, parseFlags } from './launcher/flags.mjs';
import { homeDir, takeHome } from './launcher/home.mjs';
import { lineWriter } from './launcher/log-lines.mjs';
import { startNats } from './launcher/nats.mjs';
import { claimPorts } from './launcher/ports.mjs';
import { startPostgres } from './launcher/postgres.mjs';
import { readyBlock } from './launcher/ready-block.mjs';
import { Shutdown } from './launcher/shutdown.mjs';
import { startDemo } from './demo/site.mjs';
import { writeCloudFile } from './demo/rest.mjs';

/** The last block stands after the lines of the start: it waits until the apps are silent for a moment, not longer than the second. */
const SILENT_MS = 150;
const SILENCE_LIMIT_MS = 1_000;

let lastLineAt = 0;
const write = lineWriter(process.stdout);

/**
 * @param {string} name
 * @param {string} line
 */
function log(name, line) {
  lastLineAt = Date.now();
  write(name, line);
}

async function silence() {
  const deadline = Date.now() + SILENCE_LIMIT_MS;
  while (Date.now() - lastLineAt < SILENT_MS && Date.now() < deadline) await delay(20);
}

/** @param {string} line */
function say(line) {
  log('adit', line);
}

/**
 * @param {import('./launcher/flags.mjs').Flags} flags
 * @param {Shutdown} shutdown
 */
async function start(flags, shutdown) {
  const startedAt = Date.now();
  const dataDir = homeDir();
  shutdown.add(takeHome(dataDir));
  const ports = flags.databaseOnly ? undefined : await claimPorts(flags);
  const postgres = await startPostgres({ dir: join(dataDir, 'postgres'), log: quiet });
  shutdown.add(() => postgres.stop());
  if (ports === undefined) {
    say('the database is up, and nothing else: adit restore; Ctrl-C ends it');
    return;
  }
  const nats = await startNats({ dir: dataDir });
  shutdown.add(() => nats.stop());
  say(`database and messaging are up; starting the apps`);
  const { demo, publicHost } = flags;
  const cloud = await startCloud({ dataDir, ownerUrl: postgres.ownerUrl, nats, ports, log, publicHost, demo });
  shutdown.add((limitMs) => cloud.stop(limitMs));
  const api = `http://127.0.0.1:${ports.http}`;
  const { firstPasswordFile } = cloud;
  const endpoints = ['127.0.0.1', ...(publicHost ? [publicHost] : [])].map((host) => ({ host, port: ports.tunnel }));
  writeCloudFile(dataDir, { api, firstPasswordFile });
  const outcome = demo ? await demoOutcome({ dataDir, api, firstPasswordFile, endpoints, log, say, shutdown }) : {};
  if (shutdown.isStopping) return;
  await silence();
  say(`started in ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
  process.stdout.write(
    readyBlock({ dataDir, api, firstPasswordFile, publicHost, isTerminal: process.stdout.isTTY, ...outcome }),
  );
  process.send?.({ type: 'ready', api, urls: outcome.site?.urls ?? [] });
}

/**
 * The cloud serves its sites whether or not the demo comes up.
 * @param {Parameters<typeof startDemo>[0]} options
 * @returns {Promise<{ site?: import('./demo/site.mjs').DemoSite, demoFailure?: string }>}
 */
async function demoOutcome(options) {
  try {
    return { site: await startDemo(options) };
  } catch (error) {
    return { demoFailure: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * What PostgreSQL writes at every start and stop interests nobody, nor that it refuses who asks too early; its warnings do.
 * @param {string} line
 */
function quiet(line) {
  if (/ (WARNING|ERROR|FATAL|PANIC): /.test(line) && !/the database system is (starting up|shutting down)/.test(line)) {
    log('postgres', line);
  }
}

/** @param {unknown} error */
function report(error) {
  const known = error instanceof LauncherError;
  process.stderr.write(
    known
      ? `adit: ${error.code}: ${error.message}\n`
      : `adit: ${String(error instanceof Error ? error.stack : error)}\n`,
  );
  return known ? error.exitStatus : 70;
}

const shutdown = new Shutdown(say);
try {
  if (process.platform !== 'linux') {
    throw new LauncherError('platform-unsupported', `${process.platform} is served by containers: docker compose up`);
  }
  const flags = parseFlags(process.argv.slice(2));
  if (flags.help) {
    process.stdout.write(`${HELP}\n`);
  } else {
    shutdown.watch();
    await start(flags, shutdown);
  }
} catch (error) {
  if (!shutdown.isStopping) {
    process.exitCode = report(error);
    await shutdown.run();
    process.exit();
  }
}
