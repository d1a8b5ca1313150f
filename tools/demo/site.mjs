import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { LauncherError } from '../launcher/errors.mjs';
import { DemoAgent } from './agent.mjs';
import { startCameras } from './cameras.mjs';
import { signInFirst } from './rest.mjs';

/** @typedef {import('./rest.mjs').Rest} Rest */
/** @typedef {{ host: string, port: number }} Endpoint */

const SITE_NAME = 'Demo site';
const ACCOUNT = 'cloud';
/** Federation makes a new site's role within 5 s, and asks an agent that is back within 10 s. */
const STEP_MS = 45_000;
const POLL_MS = 200;
const TICKET_SECONDS = 24 * 60 * 60;
/** Of the five seconds that a stop may take. */
const STOP_MS = 1_200;

/**
 * @typedef {object} DemoSite
 * @property {string} stateDir of the agent
 * @property {{ camera: string, usage: string, url: string, playUrl?: string }[]} urls that play
 */

/**
 * Brings the demo site up the way any site goes: created by REST, its keyfile issued, inspected and redeemed by the agent,
 * its federation role activated, its cameras added on site. What an earlier start has done is not done again.
 * @param {object} options
 * @param {string} options.dataDir
 * @param {string} options.api
 * @param {string} options.firstPasswordFile
 * @param {Endpoint[]} options.endpoints where the broker answers now
 * @param {(name: string, line: string) => void} options.log
 * @param {(line: string) => void} options.say
 * @param {import('../launcher/shutdown.mjs').Shutdown} options.shutdown
 * @returns {Promise<DemoSite>}
 */
export async function startDemo({ dataDir, api, firstPasswordFile, endpoints, log, say, shutdown }) {
  const dir = join(dataDir, 'demo-site');
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const rest = await signInFirst({ api, firstPasswordFile });
  const agent = new DemoAgent(join(dir, 'agent'), log);
  shutdown.add(() => agent.stop(STOP_MS));
  const cameras = await startCameras({ dir, log });
  shutdown.add(() => cameras.stop(STOP_MS));
  const site = await ensureSite(rest);
  const file = join(dir, 'demo.keyfile');
  if (isMoved(file, endpoints)) {
    say(`site ${site.label}: the tunnels' address has changed; it enrols anew`);
    await replaceKeyfile(rest, site, agent, file);
  }
  const keyfile = await ensureKeyfile(rest, site, file);
  say(`site ${site.label}: keyfile ${keyfile}`);
  await agent.command(['inspect', keyfile]);
  await agent.run(keyfile);
  say(`site ${site.label}: the tunnel is up`);
  await addCameras(agent, cameras.cameras, join(dir, 'cameras-added'), cameras.isNewPort);
  await activateRole(rest, site, agent);
  say(`site ${site.label}: waiting for its cameras`);
  const found = await waitForCameras(
    rest,
    site,
    cameras.cameras.map((camera) => camera.name),
  );
  const urls = await viewTickets(rest, found);
  await rest.signOut();
  return { stateDir: agent.stateDir, urls };
}

/**
 * @param {Rest} rest
 * @returns {Promise<import('./rest.mjs').Site>}
 */
async function ensureSite(rest) {
  /** @type {import('./rest.mjs').Site[]} */
  const sites = await rest.list('/sites');
  return sites.find((site) => site.name === SITE_NAME) ?? (await rest.createSite(SITE_NAME));
}

/**
 * @param {Rest} rest
 * @param {import('./rest.mjs').Site} site
 * @param {string} file
 * @returns {Promise<string>} the file
 */
async function ensureKeyfile(rest, site, file) {
  if (existsSync(file)) {
    /** @type {import('./rest.mjs').Keyfile[]} */
    const issued = await rest.list(`/sites/${site.id}/keyfiles`);
    const text = readFileSync(file, 'utf8');
    const own = issued.find((keyfile) => text.includes(keyfile.keyfileId));
    if (own && !['expired', 'revoked'].includes(own.state)) return file;
  }
  const { content } = await rest.issueKeyfile(site.id);
  writeFileSync(file, content, { mode: 0o600 });
  return file;
}

/**
 * An identity keeps the endpoints of its keyfile, so another tunnel port or public name needs another enrolment.
 * @param {string} file
 * @param {Endpoint[]} served
 */
function isMoved(file, served) {
  if (!existsSync(file)) return false;
  /** @type {{ endpoints?: Endpoint[] }} */
  const { endpoints = [] } = JSON.parse(readFileSync(file, 'utf8'));
  return !endpoints.some(({ host, port }) => served.some((one) => one.host === host && one.port === port));
}

/**
 * @param {Rest} rest
 * @param {import('./rest.mjs').Site} site
 * @param {DemoAgent} agent
 * @param {string} file
 */
async function replaceKeyfile(rest, site, agent, file) {
  const { content } = await rest.issueKeyfile(site.id, { replace: true });
  await agent.command(['reset', '--yes']);
  writeFileSync(file, content, { mode: 0o600 });
}

/**
 * @param {DemoAgent} agent
 * @param {import('./cameras.mjs').DemoCamera[]} cameras
 * @param {string} marker file that tells they are there
 * @param {boolean} isNewPort their addresses changed
 */
async function addCameras(agent, cameras, marker, isNewPort) {
  if (existsSync(marker) && !isNewPort) return;
  for (const { name, url, low } of cameras) {
    const id = `demo-${name.toLowerCase().replaceAll(' ', '-')}`;
    await agent.command([
      'camera',
      'add',
      url,
      '--name',
      name,
      '--id',
      id,
      '--replace',
      ...(low ? ['--low', low] : []),
    ]);
  }
  writeFileSync(marker, '');
}

/**
 * @param {Rest} rest
 * @param {import('./rest.mjs').Site} site
 * @param {DemoAgent} agent
 */
async function activateRole(rest, site, agent) {
  const role = await waitFor(`a federation role of site ${site.label}`, async () => {
    /** @type {import('./rest.mjs').Role[]} */
    const roles = await rest.list(`/federation-roles?siteId=${site.id}`);
    return roles[0];
  });
  if (role.state === 'unconfigured') {
    const password = randomBytes(24).toString('base64url');
    await agent.command(['user', 'add', ACCOUNT, '--allow', 'all', '--password-stdin'], `${password}\n`);
    const tunnelAddress = /** @type {{ tunnelAddress: string }} */ (await rest.call('GET', `/sites/${site.id}`))
      .tunnelAddress;
    const changes = { directoryAddress: tunnelAddress, username: ACCOUNT, password, enabled: true };
    await rest.call('PATCH', `/federation-roles/${role.id}`, changes);
  }
  await waitFor(`the federation role of site ${site.label}`, async () => {
    const now = /** @type {import('./rest.mjs').Role} */ (await rest.call('GET', `/federation-roles/${role.id}`));
    return now.state === 'connected' ? now : `is ${now.state}${now.stateReason ? `: ${now.stateReason}` : ''}`;
  });
}

/**
 * @param {Rest} rest
 * @param {import('./rest.mjs').Site} site
 * @param {string[]} names
 */
function waitForCameras(rest, site, names) {
  return waitFor(`the cameras of site ${site.label}`, async () => {
    /** @type {import('./rest.mjs').Camera[]} */
    const cameras = await rest.list(`/cameras?siteId=${site.id}`);
    const isOnline = (/** @type {string} */ name) =>
      cameras.filter((camera) => camera.name === name && camera.state === 'online');
    const online = names.flatMap(isOnline);
    return online.length >= names.length
      ? online
      : `are ${cameras.map((camera) => `${camera.name} ${camera.state}`).join(', ') || 'none'}`;
  });
}

/**
 * @param {Rest} rest
 * @param {import('./rest.mjs').Camera[]} cameras
 */
async function viewTickets(rest, cameras) {
  /** @type {DemoSite['urls']} */
  const urls = [];
  for (const camera of cameras) {
    for (const usage of camera.name === 'Entrance' ? ['high-res', 'low-res'] : ['live']) {
      const answer = await rest.call('POST', `/cameras/${camera.id}/view-tickets`, {
        usage,
        validForSeconds: TICKET_SECONDS,
      });
      const { url, playUrl } = /** @type {{ url: string, playUrl?: string }} */ (answer);
      urls.push({ camera: camera.name, usage, url, playUrl });
    }
  }
  return urls;
}

/**
 * @template T
 * @param {string} what
 * @param {() => Promise<T | string | undefined>} look a text tells how it is instead
 * @returns {Promise<T>}
 */
async function waitFor(what, look) {
  const deadline = Date.now() + STEP_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined && typeof found !== 'string') return found;
    const how = typeof found === 'string' ? found : 'does not appear';
    if (Date.now() > deadline) throw new LauncherError('demo-failed', `${what} ${how} after ${STEP_MS / 1000} s`);
    await delay(POLL_MS);
  }
}
