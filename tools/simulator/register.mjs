import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { LauncherError } from '../launcher/errors.mjs';

/** Requests under way at once. */
const AT_ONCE = 8;
const ROLES_MS = 60_000;
const POLL_MS = 500;

/**
 * @typedef {import('../demo/rest.mjs').Rest} Rest
 * @typedef {import('../demo/rest.mjs').Role} Role
 * @typedef {{ id: string, name: string, stateDir: string, keyfile: string | undefined }} RegisteredSite
 */

/**
 * Sites of these names, each with a folder for its agent and, where that holds no identity yet, a keyfile. One that another
 * folder has enrolled is taken over.
 * @param {Rest} rest
 * @param {string[]} names
 * @param {string} dir holds the folders
 * @param {(done: number) => void} onProgress
 * @returns {Promise<RegisteredSite[]>}
 */
export async function registerSites(rest, names, dir, onProgress) {
  /** @type {import('../demo/rest.mjs').Site[]} */
  const listed = await rest.list('/sites?limit=200');
  const known = new Map(listed.map((site) => [site.name, site]));
  let done = 0;
  return inParallel(names, async (name) => {
    const { id, label } = known.get(name) ?? (await rest.createSite(name));
    const stateDir = join(dir, label);
    const keyfile = existsSync(join(stateDir, 'identity.json')) ? undefined : await keyfileFor(rest, id);
    onProgress(++done);
    return { id, name, stateDir, keyfile };
  });
}

/**
 * @param {Rest} rest
 * @param {string} siteId
 */
async function keyfileFor(rest, siteId) {
  try {
    return (await rest.issueKeyfile(siteId)).content;
  } catch (error) {
    if (!(error instanceof LauncherError) || !error.message.includes('site-enrolled')) throw error;
    return (await rest.issueKeyfile(siteId, { replace: true })).content;
  }
}

/**
 * Gives the role of each site its account and enables it.
 * @param {Rest} rest
 * @param {readonly { id: string }[]} sites
 * @param {{ username: string, password: string }} account
 * @param {(done: number) => void} onProgress
 */
export async function activateRoles(rest, sites, account, onProgress) {
  const roles = await untilRoles(rest, sites);
  let done = 0;
  await inParallel(roles, async ({ id }) => {
    await rest.call('PATCH', `/federation-roles/${id}`, { ...account, enabled: true });
    onProgress(++done);
  });
}

/**
 * Federation makes the role of a new site by itself.
 * @param {Rest} rest
 * @param {readonly { id: string }[]} sites
 */
async function untilRoles(rest, sites) {
  const wanted = new Set(sites.map(({ id }) => id));
  const until = Date.now() + ROLES_MS;
  for (;;) {
    /** @type {Role[]} */
    const listed = await rest.list('/federation-roles?limit=200');
    const found = listed.filter(({ siteId }) => wanted.has(siteId));
    if (found.length >= wanted.size) return found;
    if (Date.now() > until) {
      throw new LauncherError('rest-failed', `only ${found.length} of ${wanted.size} sites have a federation role`);
    }
    await delay(POLL_MS);
  }
}

/**
 * How many roles of these sites are in each state.
 * @param {Rest} rest
 * @param {readonly { id: string }[]} sites
 * @returns {Promise<Record<string, number>>}
 */
export async function roleStates(rest, sites) {
  const wanted = new Set(sites.map(({ id }) => id));
  /** @type {Role[]} */
  const listed = await rest.list('/federation-roles?limit=200');
  /** @type {Record<string, number>} */
  const states = {};
  for (const { siteId, state } of listed) if (wanted.has(siteId)) states[state] = (states[state] ?? 0) + 1;
  return states;
}

/**
 * @template Item, Result
 * @param {readonly Item[]} items
 * @param {(item: Item) => Promise<Result>} work
 * @returns {Promise<Result[]>} in the order of the items; the first failure ends it
 */
async function inParallel(items, work) {
  const left = [...items.entries()];
  /** @type {Result[]} */
  const results = [];
  const lane = async () => {
    for (let next = left.shift(); next; next = left.shift()) results[next[0]] = await work(next[1]);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return results;
}
