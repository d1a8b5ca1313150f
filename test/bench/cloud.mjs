import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { built } from './built.mjs';
import { AppProcess } from '../../tools/launcher/app-process.mjs';
import { entryOf, startCloud } from '../../tools/launcher/cloud.mjs';
import { startNats } from '../../tools/launcher/nats.mjs';
import { freePort, freePorts } from '../../tools/launcher/port.mjs';
import { startPostgres } from '../../tools/launcher/postgres.mjs';
import { signInFirst } from '../../tools/demo/rest.mjs';

/** @typedef {import('./load/client.mjs').Path} Path */
/** @typedef {import('../../tools/launcher/provision.mjs').CloudApp} CloudApp */
/** @typedef {'control' | 'live' | 'events' | 'playback' | 'bulk'} ChannelClass */

const FAST = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off'];
const UP_MS = 60_000;

/** admin-api, issuer and broker as processes of the build on free ports, with a database of their own. */
export class BenchCloud {
  /**
   * @param {string} dataDir
   * @param {import('../../tools/launcher/cloud-environment.mjs').Ports} ports
   */
  constructor(dataDir, ports) {
    this.dataDir = dataDir;
    this.ports = ports;
    /** @type {(() => Promise<void> | void)[]} */
    this.undo = [() => rmSync(dataDir, { recursive: true, force: true })];
    /** @type {Map<string, AppProcess>} */
    this.apps = new Map();
    this.ownerUrl = '';
    /** @type {string[]} */
    this.lines = [];
  }

  /**
   * @param {{ endpointPort?: number, broker?: Record<string, string>, federation?: Record<string, string>, apps?: CloudApp[] }} [options]
   *   `endpointPort`: what keyfiles name in place of the broker's port; `broker`, `federation`: further settings of them;
   *   `apps`: beside the first three
   */
  static async start({ endpointPort, broker = {}, federation = {}, apps = [] } = {}) {
    const dataDir = mkdtempSync(join(tmpdir(), 'adit-bench-'));
    chmodSync(dataDir, 0o711);
    const [http = 0, rtsp = 0, tunnel = 0, ingress = 0] = await freePorts(4);
    const health = { 'tunnel-broker': await freePort(), 'video-redirector': await freePort() };
    const cloud = new BenchCloud(dataDir, { http, play: await freePort(), rtsp, tunnel, ingress, health });
    try {
      await cloud.launch(endpointPort ?? tunnel, { broker, federation }, apps);
      return cloud;
    } catch (error) {
      await cloud.stop();
      throw error;
    }
  }

  /**
   * @param {number} endpointPort
   * @param {{ broker: Record<string, string>, federation: Record<string, string> }} settings
   * @param {CloudApp[]} apps
   */
  async launch(endpointPort, { broker, federation }, apps) {
    const { dataDir, ports } = this;
    const postgres = await startPostgres({ dir: join(dataDir, 'postgres'), settings: FAST });
    this.undo.push(() => postgres.stop());
    this.ownerUrl = postgres.ownerUrl;
    const nats = await startNats({ dir: dataDir });
    this.undo.push(() => nats.stop());
    const cloud = await startCloud({
      dataDir,
      ownerUrl: postgres.ownerUrl,
      nats,
      ports,
      apps: ['keyfile-issuer', 'tunnel-broker', 'admin-api', ...apps],
      extra: {
        'keyfile-issuer': { ADIT_PUBLIC_ENDPOINTS: `127.0.0.1:${endpointPort}` },
        'tunnel-broker': broker,
        federation,
      },
      log: (name, line) => this.note(`${name} | ${line}`),
    });
    this.apps = cloud.apps;
    this.undo.push(() => cloud.stop());
  }

  /** @param {string} line */
  note(line) {
    this.lines = [...this.lines.slice(-40), line];
  }

  get brokerPid() {
    return this.apps.get('tunnel-broker')?.pid ?? 0;
  }

  /** SIGKILL; the launcher starts the next one as it does in `npm start`. */
  killBroker() {
    process.kill(this.brokerPid, 'SIGKILL');
  }

  /** @returns {Promise<import('../../tools/demo/rest.mjs').Rest>} as the first operator */
  signIn() {
    const firstPasswordFile = join(this.dataDir, 'first-password');
    return signInFirst({ api: `http://127.0.0.1:${this.ports.http}`, firstPasswordFile });
  }

  /**
   * Stops an app in order and starts it again.
   * @param {CloudApp} name
   * @param {() => Promise<void>} whileDown
   */
  async restart(name, whileDown) {
    const app = this.apps.get(name);
    if (app === undefined) throw new Error(`${name} is not part of this cloud`);
    await app.stop();
    await whileDown();
    app.stopping = false;
    await app.start(UP_MS);
  }

  /**
   * The present broker's counters by name, labels included.
   * @returns {Promise<Record<string, number>>}
   */
  brokerFigures() {
    return this.figuresOf('tunnel-broker');
  }

  /**
   * @param {'tunnel-broker' | 'video-redirector'} app
   * @returns {Promise<Record<string, number>>}
   */
  async figuresOf(app) {
    const response = await fetch(`http://127.0.0.1:${this.ports.health[app]}/metrics`);
    const lines = (await response.text()).split('\n').filter((line) => line.startsWith('adit_'));
    return Object.fromEntries(
      lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]),
    );
  }

  /**
   * A site with a real agent that offers these local ports, each to every class.
   * @param {Record<string, number>} services
   * @param {object} [settings] more of its agent.yaml
   * @param {(stateDir: string) => Promise<void>} [prepare] before it runs for the first time
   */
  async startAgent(services, settings = {}, prepare = async () => undefined) {
    const rest = await this.signIn();
    const { id, label } = await rest.createSite(`Bench ${this.undo.length}`);
    const stateDir = join(this.dataDir, `site-${label}`);
    mkdirSync(stateDir, { mode: 0o700 });
    const keyfile = join(this.dataDir, `${label}.keyfile`);
    writeFileSync(keyfile, (await rest.issueKeyfile(id)).content, { mode: 0o600 });
    writeFileSync(join(stateDir, 'agent.yaml'), JSON.stringify({ services: offered(services), ...settings }), {
      mode: 0o600,
    });
    await prepare(stateDir);
    const agent = new AppProcess({
      name: label,
      entry: entryOf('agent'),
      args: ['run', '--keyfile', keyfile],
      env: { ADIT_STATE_DIR: stateDir, ADIT_CONTAINER: 'false' },
      readyType: 'up',
      log: (name, line) => this.note(`${name} | ${line}`),
    });
    this.undo.push(() => agent.stop());
    await agent.start(UP_MS);
    return { id, label, pid: agent.pid ?? 0, stateDir };
  }

  /**
   * Ways to a service of a site through the ingress, one for each channel: a ticket is good for one dial.
   * @param {string} site
   * @param {string} service
   * @param {number} count
   * @param {ChannelClass} channelClass
   * @returns {Promise<Path[]>}
   */
  async dials(site, service, count, channelClass) {
    const { mintDialTicket } = await built('contracts');
    const { DEFAULT_TENANT_ID: tenantId } = await built('persistence');
    const key = JSON.parse(readFileSync(join(this.dataDir, 'secrets', 'admin-api', 'ticket.jwk'), 'utf8'));
    const [{ id }] = await this.query(`SELECT id FROM broker WHERE state = 'serving' ORDER BY started_at DESC LIMIT 1`);
    const claims = { tenantId, site, service, class: channelClass, user: 'operator:bench' };
    const target = `${service}.${site}.tunnel.adit.internal:80`;
    const ticket = () => mintDialTicket(claims, { issuer: 'admin-api', key }, id);
    const paths = Array.from({ length: count }, async () => ({
      port: this.ports.ingress,
      dial: { target, ticket: await ticket() },
    }));
    return Promise.all(paths);
  }

  /**
   * As the owner of the database.
   * @param {string} text
   * @param {unknown[]} [values]
   * @returns {Promise<Record<string, any>[]>}
   */
  async query(text, values = []) {
    const client = new pg.Client({ connectionString: this.ownerUrl });
    await client.connect();
    try {
      return (await client.query(text, values)).rows;
    } finally {
      await client.end();
    }
  }

  async stop() {
    for (const undo of this.undo.splice(0).toReversed()) await undo();
  }
}

/** @param {Record<string, number>} services */
function offered(services) {
  const classes = ['control', 'live', 'events', 'playback', 'bulk'];
  return Object.fromEntries(
    Object.entries(services).map(([name, port]) => [name, { address: `127.0.0.1:${port}`, classes }]),
  );
}
