/** `npm run simulate`: many sites that speak the real protocols, in a few processes. `--help` lists the flags. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { signInFirst } from './demo/rest.mjs';
import { LauncherError } from './launcher/errors.mjs';
import { homeDir } from './launcher/home.mjs';
import { makeOnce } from './launcher/provision.mjs';
import { Shutdown } from './launcher/shutdown.mjs';
import { HELP, parseSimulateFlags } from './simulator/flags.mjs';
import { startOwnCloud } from './simulator/own-cloud.mjs';
import { activateRoles, registerSites, roleStates } from './simulator/register.mjs';
import { SitesHost } from './simulator/sites-host.mjs';

const USERNAME = 'cloud';
const REPORT_MS = 5_000;
const SAY_EVERY = 100;

/** @param {string} line */
function say(line) {
  process.stdout.write(`${line}\n`);
}

/**
 * @param {string} what
 * @param {number} all
 * @returns {(done: number) => void}
 */
function progressOf(what, all) {
  return (done) => {
    if (done % SAY_EVERY === 0 || done === all) say(`${what}: ${done} of ${all}`);
  };
}

/**
 * @param {import('./simulator/flags.mjs').SimulateFlags} flags
 * @param {Shutdown} shutdown
 */
async function simulate(flags, shutdown) {
  const cloud = flags.own ? await startOwnCloud({ log: () => undefined, shutdown }) : runningCloud();
  if (flags.own) say(`the platform is up: ${cloud.api}, password of admin in ${cloud.firstPasswordFile}`);
  const dir = join(cloud.dataDir, 'simulated');
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const passwordFile = join(dir, 'password');
  makeOnce(passwordFile, () => `${randomBytes(18).toString('base64url')}\n`);
  const account = { username: USERNAME, password: readFileSync(passwordFile, 'utf8').trim() };
  const rest = await signIn(cloud);
  const digits = String(flags.sites).length;
  const names = Array.from({ length: flags.sites }, (_, index) => nameOf(flags.name, index + 1, digits));
  const sites = await registerSites(rest, names, dir, progressOf('sites that are on record', flags.sites));
  await activateRoles(rest, sites, account, progressOf('federation roles with an account', flags.sites));
  const hosts = await startSites(flags, sites, account, shutdown);
  const rates = { eventsPerS: flags.eventsPerS / hosts.length, changesPerS: flags.changesPerS / hosts.length };
  for (const host of hosts) await host.ask('rates', rates);
  await watch(flags, hosts, () => roleStates(rest, sites), shutdown);
}

function runningCloud() {
  const home = homeDir();
  const file = join(home, 'cloud.json');
  if (existsSync(file)) return { dataDir: home, ...JSON.parse(readFileSync(file, 'utf8')) };
  throw new LauncherError('config-invalid', 'no platform has been started here: npm start, or --own');
}

/** @param {{ api: string, firstPasswordFile: string }} cloud */
function signIn(cloud) {
  return signInFirst(cloud).catch((/** @type {Error} */ error) => {
    if (error instanceof LauncherError) throw error;
    throw new LauncherError('rest-failed', 'the platform does not answer: npm start, or --own');
  });
}

/**
 * @param {string} prefix
 * @param {number} number
 * @param {number} digits
 */
function nameOf(prefix, number, digits) {
  return `${prefix} ${String(number).padStart(digits, '0')}`;
}

/**
 * @param {import('./simulator/flags.mjs').SimulateFlags} flags
 * @param {import('./simulator/register.mjs').RegisteredSite[]} sites
 * @param {{ username: string, password: string }} account
 * @param {Shutdown} shutdown
 */
async function startSites({ processes, entities }, sites, account, shutdown) {
  const hosts = await Promise.all(Array.from({ length: processes }, () => SitesHost.start()));
  shutdown.add(async () => void (await Promise.all(hosts.map((host) => host.stop()))));
  const orders = sites.map(({ name, stateDir, keyfile }) => ({ name, stateDir, keyfile, entities, ...account }));
  const share = Math.ceil(orders.length / hosts.length);
  say('the sites enrol and connect …');
  await Promise.all(hosts.map((host, index) => host.add(orders.slice(index * share, (index + 1) * share))));
  return hosts;
}

/**
 * Says how it goes until it is ended.
 * @param {import('./simulator/flags.mjs').SimulateFlags} flags
 * @param {SitesHost[]} hosts
 * @param {() => Promise<Record<string, number>>} states
 * @param {Shutdown} shutdown
 */
async function watch(flags, hosts, states, shutdown) {
  let fullSince = 0;
  while (!shutdown.isStopping) {
    const counts = await Promise.all(hosts.map((host) => host.ask('count')));
    const sum = (/** @type {string} */ key) => counts.reduce((all, one) => all + Number(one[key]), 0);
    const roles = await states();
    const failure = counts.map((one) => one.failure).find((code) => code !== '');
    const told = Object.entries(roles).map(([state, count]) => `${count} ${state}`);
    say(
      `tunnels ${sum('up')} of ${flags.sites}; roles ${told.join(', ')}; ${sum('events')} events, ${sum('changes')} changes` +
        (failure === undefined ? '' : `; the last that failed: ${failure}`),
    );
    if (fullSince === 0 && roles.connected === flags.sites) {
      fullSince = Date.now();
      process.send?.({ type: 'full' });
    }
    if (flags.seconds !== undefined && fullSince > 0 && Date.now() - fullSince >= flags.seconds * 1_000) return;
    await delay(fullSince === 0 ? REPORT_MS / 5 : REPORT_MS);
  }
}

const shutdown = new Shutdown(say);
try {
  const flags = parseSimulateFlags(process.argv.slice(2));
  if (flags.help) say(HELP);
  else {
    shutdown.watch();
    await simulate(flags, shutdown);
    await shutdown.end('the time it was given');
  }
} catch (error) {
  // What is asked of something that is being stopped fails, and that is no failure.
  if (!shutdown.isStopping) {
    const known = error instanceof LauncherError;
    process.stderr.write(
      known
        ? `simulate: ${error.code}: ${error.message}\n`
        : `simulate: ${String(error instanceof Error ? error.stack : error)}\n`,
    );
    process.exitCode = known ? error.exitStatus : 70;
    await shutdown.run();
    process.exit();
  }
}
