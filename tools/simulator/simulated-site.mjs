import { randomUUID, timingSafeEqual } from 'node:crypto';
import { agentPart, agentPartIfThere, library } from './agent-build.mjs';
import { EventJournal } from './event-journal.mjs';
import { SimulatedConnector } from './simulated-connector.mjs';

const commands = await agentPartIfThere('commands/index.js');
const { RIGHTS } = await agentPart('users/rights.js');
const { DirectoryServer } = await agentPart('directory/index.js');
const { SiteDirectory } = await agentPart('site/index.js');
const { StateDirectory } = await agentPart('state/state-directory.js');
const { IdentityStore } = await agentPart('identity/identity.store.js');
const { IdentityHolder } = await agentPart('identity/identity.holder.js');
const { openSiteCertificate } = await agentPart('identity/site-certificate.store.js');
const { createEnrolment } = await agentPart('enrolment/enrolment.factory.js');
const { verifyKeyfile } = await agentPart('keyfile/keyfile.service.js');
const { EndpointDialer } = await agentPart('network/endpoint.dialer.js');
const { ProxySettings } = await agentPart('network/proxy.settings.js');
const { OWN_SERVICES, ServiceAllowList } = await agentPart('tunnel/service-allow-list.js');
const { createTunnel } = await agentPart('tunnel/tunnel.factory.js');
const { AGENT_VERSION } = await agentPart('version.js');
const { UplinkCap } = await library('multiplex');
const { createSiteCertificate } = await library('pki');

const LOOPBACK = '127.0.0.1';
/** A site has nothing to say: what it does is counted. */
const SILENT = { info: () => undefined, warn: () => undefined, debug: () => undefined, error: () => undefined };
/** No video: every camera is one without streams to open. */
const NO_REDIRECTOR = {
  held: [],
  open: () => undefined,
  openPlayback: () => undefined,
  recordings: () => undefined,
  lanAddress: '',
};
const dialer = new EndpointDialer(new ProxySettings({ explicit: 'none' }));

/**
 * @typedef {object} SiteOrder what a site is made of
 * @property {string} name
 * @property {string} username of its federation account
 * @property {string} password
 * @property {number} entities
 * @property {boolean} [lan] its directory listens for regular federation too, on loopback
 * @property {string} [stateDir] of the agent; with it the site enrols, by `keyfile` when it has no identity yet
 * @property {string} [keyfile]
 * @property {object} [identity] made elsewhere, in the place of a state directory
 * @property {string} [siteKey] PEM; with `identity`
 * @property {Record<string, number>} [services] further services of it, by the port of loopback
 */

/** A site made of the agent's own parts, all but its command line: enrolment, tunnel, directory, entities. */
export class SimulatedSite {
  /**
   * @param {SiteOrder} order
   * @param {() => void} onEvent of each event
   */
  constructor(order, onEvent) {
    this.order = order;
    this.events = new EventJournal({ onEvent });
    this.connector = new SimulatedConnector(order.entities);
    this.directory = new SiteDirectory();
    this.isUp = false;
    this.failure = '';
    /** @type {{ start: () => void, close: () => Promise<void>, on: (event: string, listener: (...args: any[]) => void) => any } | undefined} */
    this.tunnel = undefined;
    /** @type {any} */
    this.server = undefined;
    this.tlsPin = '';
    this.stopping = new AbortController();
  }

  /** Resolves when it is enrolled and its tunnel has begun to be kept up. @throws AgentError when it is refused */
  async start() {
    await this.connector.start(this.directory, this.events);
    const { certificate, holder } = await this.open();
    const account = { name: this.order.username, rights: { allow: [...RIGHTS], level: 1 }, mark: '', credential: '' };
    const users = {
      verify: async (/** @type {string} */ name, /** @type {string} */ given) =>
        this.isOwn(name, given) ? account : undefined,
      find: async () => account,
    };
    this.tlsPin = certificate.pin;
    this.server = new DirectoryServer({
      certificate,
      users,
      siteName: () => this.order.name,
      version: AGENT_VERSION,
      site: this.directory,
      events: this.events,
      commands: commands === undefined ? undefined : this.dispatcher(commands),
      redirector: NO_REDIRECTOR,
      snapshots: () => undefined,
      lan: this.order.lan ? { host: LOOPBACK, port: 0 } : undefined,
    });
    await this.server.start();
    if (holder !== undefined) this.keepTunnel(await holder);
  }

  /** @param {any} parts of the agent */
  dispatcher({ CommandDispatcher }) {
    const record = () => undefined;
    return new CommandDispatcher({ site: this.directory, connectors: [this.connector], record });
  }

  /** @param {unknown} holder of its identity */
  keepTunnel(holder) {
    const services = new ServiceAllowList();
    const { port } = this.server;
    services.allow('directory', { host: LOOPBACK, port, classes: OWN_SERVICES.directory });
    for (const [name, local] of Object.entries(this.order.services ?? {})) {
      services.allow(name, { host: LOOPBACK, port: local, classes: ['control', 'live', 'events', 'playback', 'bulk'] });
    }
    const parts = { instanceId: randomUUID(), uplinkCap: new UplinkCap(), onKnock: () => undefined, logger: SILENT };
    const tunnel = createTunnel({ identity: holder, dialer, services, ...parts });
    const become = (/** @type {boolean} */ isUp) => () => {
      this.isUp = isUp;
    };
    tunnel.on('up', become(true)).on('resumed', become(true)).on('suspended', become(false)).on('down', become(false));
    tunnel.on('waiting', (/** @type {number} */ _ms, /** @type {{ code: string }} */ { code }) => {
      this.failure = code;
    });
    this.tunnel = tunnel;
    tunnel.start();
  }

  /** Certificate of its servers, and what its tunnel is opened with; without either of them it is reached directly only. */
  async open() {
    const { stateDir, identity, siteKey } = this.order;
    const now = new Date();
    if (stateDir === undefined) {
      const certificate = await createSiteCertificate(now, siteKey);
      const held = { current: identity, next: undefined, admitted: async () => undefined };
      return { certificate, holder: identity === undefined ? undefined : held };
    }
    const state = await StateDirectory.create({ path: stateDir, ephemeral: true });
    const certificate = await openSiteCertificate(state, now);
    const store = new IdentityStore(state);
    const known = (await store.load()) ?? (await this.enrol(state, now));
    return { certificate, holder: IdentityHolder.open(store, known) };
  }

  /**
   * @param {unknown} state
   * @param {Date} now
   */
  enrol(state, now) {
    const { keyfile } = verifyKeyfile(Buffer.from(this.order.keyfile ?? ''), now);
    return createEnrolment(state, dialer, () => undefined).enrol(keyfile, this.stopping.signal);
  }

  /** Port of the directory's LAN listener. */
  get lanPort() {
    return this.order.lan ? this.server.lanPort : 0;
  }

  /** Harmless when repeated. */
  async close() {
    this.stopping.abort();
    await this.tunnel?.close();
    await this.server?.close();
    await this.connector.close();
  }

  /**
   * Argon2, as a site has it, would cost this machine what is every site's own.
   * @param {string} name
   * @param {string} given
   */
  isOwn(name, given) {
    const { username, password } = this.order;
    const [one, other] = [Buffer.from(given), Buffer.from(password)];
    return name === username && one.length === other.length && timingSafeEqual(one, other);
  }
}
