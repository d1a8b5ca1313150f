import { setTimeout as delay } from 'node:timers/promises';
import { activateRoles } from '../../../tools/simulator/register.mjs';
import { SitesHost } from '../../../tools/simulator/sites-host.mjs';
import { built } from '../built.mjs';
import { makeIdentities } from '../identities.mjs';

/** Of all roles at all sites. */
export const ACCOUNT = { username: 'bench', password: 'of-the-benchmark-alone' };
const POLL_MS = 100;

/**
 * @typedef {import('../cloud.mjs').BenchCloud} BenchCloud
 * @typedef {import('../identities.mjs').SiteIdentity} SiteIdentity
 * @typedef {(() => Promise<void>)[]} Stops
 */

/** Simulated sites of a cloud of the benchmarks: their identities are written past the enrolment, the rest is real. */
export class FederatedSites {
  /**
   * @param {BenchCloud} cloud
   * @param {SiteIdentity[]} identities
   * @param {string} siteKey PEM, of all sites' own servers
   */
  constructor(cloud, identities, siteKey) {
    this.cloud = cloud;
    this.identities = identities;
    this.siteKey = siteKey;
    /** @type {SitesHost[]} */
    this.hosts = [];
    /** @type {Map<string, SitesHost>} by the label of the site */
    this.hostOf = new Map();
    /** @type {Map<string, import('../../../tools/simulator/sites-host.mjs').AddedSite>} by the label of the site */
    this.added = new Map();
  }

  /**
   * Sites on record, with roles that have their accounts and are enabled. None of the sites runs yet.
   * @param {BenchCloud} cloud
   * @param {number} count
   * @param {string} [prefix] of their labels
   */
  static async prepare(cloud, count, prefix = 'federated') {
    const pki = await built('pki');
    const { key, spki } = await pki.createSiteCertificate(new Date());
    const identities = await makeIdentities(cloud, count, { prefix, siteTlsSpki: spki });
    const sites = identities.map(({ siteId }) => ({ id: siteId }));
    await activateRoles(await cloud.signIn(), sites, ACCOUNT, () => undefined);
    return new FederatedSites(cloud, identities, key);
  }

  /**
   * Starts all of them in so many processes; resolves when their tunnels are up.
   * @param {{ processes?: number, entities: number, endpointPort?: number | ((index: number) => number), services?: Record<string, number> }} options
   *   `endpointPort`: in place of the broker's
   * @param {Stops} stops
   */
  async start({ processes = 1, entities, endpointPort = this.cloud.ports.tunnel, services }, stops) {
    const portOf = typeof endpointPort === 'function' ? endpointPort : () => endpointPort;
    const orders = this.identities.map((identity, index) => ({
      ...ACCOUNT,
      name: identity.label,
      entities,
      lan: true,
      services,
      siteKey: this.siteKey,
      identity: agentIdentity(identity, portOf(index)),
    }));
    const share = Math.ceil(orders.length / processes);
    for (let first = 0; first < orders.length; first += share) {
      const host = await SitesHost.start();
      stops.push(() => host.stop());
      this.hosts.push(host);
      const part = orders.slice(first, first + share);
      for (const site of await host.add(part)) this.added.set(site.name, site);
      for (const { name } of part) this.hostOf.set(name, host);
    }
    await this.until('all tunnels are up', async () => (await this.count('up')) === orders.length);
  }

  /** @param {'up' | 'sites' | 'events' | 'changes'} what @returns {Promise<number>} of all processes together */
  async count(what) {
    const counts = await Promise.all(this.hosts.map((host) => host.ask('count')));
    return counts.reduce((sum, one) => sum + Number(one[what]), 0);
  }

  /** @param {{ eventsPerS?: number, changesPerS?: number }} rates of all of them together */
  async setRates({ eventsPerS = 0, changesPerS = 0 }) {
    const share = { eventsPerS: eventsPerS / this.hosts.length, changesPerS: changesPerS / this.hosts.length };
    await Promise.all(this.hosts.map((host) => host.ask('rates', share)));
  }

  /**
   * Turns the state of one entity over.
   * @param {string} label of the site
   * @param {string} remoteId
   * @returns {Promise<{ state: string, atMs: number }>} `atMs`: of the wall clock
   */
  async change(label, remoteId) {
    const host = this.hostOf.get(label);
    if (host === undefined) throw new Error(`no site ${label} runs`);
    const { state = '', atMs = 0 } = await host.ask('change', { name: label, remoteId });
    return { state, atMs };
  }

  /** @returns {Promise<{ connected: number, entities: number }>} as the database has it */
  async federated() {
    const [row = {}] = await this.cloud.query(`SELECT (SELECT count(*)::integer FROM federation_role
      WHERE state = 'connected') AS connected, (SELECT count(*)::integer FROM entity) AS entities`);
    return { connected: row.connected, entities: row.entities };
  }

  /**
   * @param {string} what
   * @param {() => Promise<boolean>} holds
   * @param {number} [limitMs]
   */
  async until(what, holds, limitMs = 150_000) {
    const until = performance.now() + limitMs;
    while (!(await holds())) {
      if (performance.now() > until) throw new Error(`not within ${limitMs / 1_000} s: ${what}`);
      await delay(POLL_MS);
    }
  }
}

/**
 * What the agent's tunnel client takes.
 * @param {SiteIdentity} identity
 * @param {number} port
 */
function agentIdentity({ key, chain, roots }, port) {
  return {
    privateKey: key,
    certificateChain: chain,
    trust: { roots },
    endpoints: [{ host: '127.0.0.1', port, serverName: '127.0.0.1', priority: 0 }],
  };
}
