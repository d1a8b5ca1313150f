import { spawn } from 'node:child_process';
import { chownSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findNatsServer } from '../launcher/nats.mjs';
import { freePort } from '../launcher/port.mjs';
import { startPostgres } from '../launcher/postgres.mjs';
import { Container } from './container.mjs';

const APP_UID = 10_001;
const HEALTHY_MS = 60_000;

/** @typedef {import('./container.mjs').ContainerOptions} ContainerOptions */

/** What docker-compose.yml makes of the images, by hand: volumes are folders of `dir`, the networks are loopback. */
export class Deployment {
  /**
   * @param {string} dir
   * @param {(line: string) => void} say
   */
  constructor(dir, say) {
    this.dir = dir;
    this.say = say;
    this.secrets = join(dir, 'secrets');
    /** @type {(() => Promise<void>)[]} */
    this.undo = [];
    this.ports = { http: 0, play: 0, rtsp: 0, tunnel: 0, ingress: 0 };
    this.natsUrl = '';
  }

  async start() {
    for (const name of /** @type {const} */ (['http', 'play', 'rtsp', 'tunnel', 'ingress']))
      this.ports[name] = await freePort();
    const databasePort = await this.#startDatabase();
    await this.#prepare([]);
    await this.#startMessaging();
    await this.#prepare([
      'tools/containers/migrate.mjs',
      '/secrets',
      `${APP_UID}:${APP_UID}`,
      `127.0.0.1:${databasePort}`,
    ]);
    for (const [target, env] of Object.entries(this.#settings())) {
      const container = await this.run({ target, env: await this.#common(env), volumes: this.#volumes(target) });
      await container.healthy(HEALTHY_MS);
      this.say(`${target} is healthy`);
    }
    this.say(await this.#prepare(['tools/containers/ready.mjs', '/secrets', '127.0.0.1']));
  }

  /** @param {ContainerOptions} options @param {string[]} [command] */
  async run(options, command) {
    const log = (/** @type {string} */ line) => this.say(`${options.target} | ${line}`);
    const container = await Container.create({ log, ...options });
    this.undo.push(() => container.stop());
    container.start(command);
    return container;
  }

  /** A folder that belongs to the apps' user. @param {string} name */
  volume(name) {
    const path = join(this.dir, name);
    mkdirSync(path, { recursive: true, mode: 0o700 });
    chownSync(path, APP_UID, APP_UID);
    return path;
  }

  async stop() {
    for (const undo of this.undo.splice(0).toReversed()) await undo();
  }

  /** The superuser's password is the one that the database has; provisioning keeps it. */
  async #startDatabase() {
    const dir = join(this.dir, 'postgres');
    const postgres = await startPostgres({ dir });
    this.undo.push(() => postgres.stop());
    mkdirSync(this.secrets, { mode: 0o711 });
    copyFileSync(join(dir, 'superuser.password'), join(this.secrets, 'postgres.password'));
    return new URL(postgres.ownerUrl).port;
  }

  async #startMessaging() {
    const port = await freePort();
    const args = ['-c', join(this.secrets, 'nats', 'nats.conf'), '-a', '127.0.0.1', '-p', String(port)];
    const child = spawn(findNatsServer(), args, { stdio: 'ignore' });
    const ended = new Promise((resolve) => child.once('close', resolve));
    this.undo.push(async () => {
      child.kill('SIGTERM');
      await ended;
    });
    this.natsUrl = `nats://127.0.0.1:${port}`;
  }

  /** @param {string[]} command */
  async #prepare(command) {
    const container = await Container.create({ target: 'provision', volumes: { [this.secrets]: '/secrets' } });
    try {
      return await container.once(command.length > 0 ? command : undefined);
    } finally {
      await container.stop();
    }
  }

  /** @param {string} target */
  #volumes(target) {
    const own = join(this.secrets, 'secrets', target);
    /** @type {Record<string, string>} */
    const volumes = { [own]: '/run/adit:ro', [this.secrets]: '/run/adit-public:ro' };
    if (target === 'keyfile-issuer' || target === 'tunnel-broker') volumes[this.volume(target)] = '/var/lib/adit';
    return volumes;
  }

  /** @param {Record<string, string>} env */
  async #common(env) {
    return { NATS_URL: this.natsUrl, ADIT_HEALTH_PORT: String(await freePort()), ...env };
  }

  /** @returns {Record<string, Record<string, string>>} */
  #settings() {
    const { http, play, rtsp, tunnel, ingress } = this.ports;
    return {
      'keyfile-issuer': { ADIT_PUBLIC_ENDPOINTS: `127.0.0.1:${tunnel}` },
      'tunnel-broker': {
        ADIT_TUNNEL_HOST: '127.0.0.1',
        ADIT_TUNNEL_PORT: String(tunnel),
        ADIT_INGRESS_PORT: String(ingress),
        ADIT_SERVER_NAMES: '127.0.0.1',
      },
      federation: {},
      'video-redirector': {
        ADIT_RTSP_HOST: '127.0.0.1',
        ADIT_RTSP_PORT: String(rtsp),
        ADIT_PLAY_HOST: '127.0.0.1',
        ADIT_PLAY_PORT: String(play),
      },
      'admin-api': {
        ADIT_HTTP_HOST: '127.0.0.1',
        ADIT_HTTP_PORT: String(http),
        ADIT_RTSP_PUBLIC: `127.0.0.1:${rtsp}`,
        ADIT_PLAY_PUBLIC: `http://127.0.0.1:${play}`,
      },
    };
  }

  /**
   * A file that only the apps' user can read.
   * @param {string} name
   * @param {string} content
   */
  appFile(name, content) {
    const path = join(this.dir, name);
    writeFileSync(path, content, { mode: 0o600 });
    chownSync(path, APP_UID, APP_UID);
    return path;
  }
}
