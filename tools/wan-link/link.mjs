import { createServer } from 'node:net';
import { Connection } from './connection.mjs';
import { Direction } from './direction.mjs';
import { WanLinkError } from './errors.mjs';
import { seededRandom } from './random.mjs';

/**
 * @typedef {import('./settings.mjs').DirectionSettings} DirectionSettings
 * @typedef {'up' | 'down' | 'both'} Way up: from the site
 *
 * @typedef {object} LinkOptions
 * @property {{ host?: string, port: number }} target
 * @property {{ host?: string, port?: number }} [listen] default: a free port of loopback
 * @property {Partial<DirectionSettings>} [up]
 * @property {Partial<DirectionSettings>} [down]
 * @property {number} [seed] of jitter and of the choice of a connection
 */

/**
 * The line of one site: every connection to its port passes ONE queue and rate per direction to the target. It models
 * the path above TCP: there is no loss, no retransmission and no congestion control in it.
 */
export class WanLink {
  /** @param {LinkOptions} options */
  constructor({ target, listen = {}, up = {}, down = {}, seed = 1 }) {
    this.target = { host: target.host ?? '127.0.0.1', port: target.port };
    this.address = { host: listen.host ?? '127.0.0.1', port: listen.port ?? 0 };
    this.random = seededRandom(seed);
    this.line = { up: new Direction(up, this.random), down: new Direction(down, this.random) };
    /** @type {Set<Connection>} */
    this.connections = new Set();
    this.accepted = 0;
    this.isBlackhole = false;
    this.server = createServer({ noDelay: true, allowHalfOpen: true, pauseOnConnect: true }, (socket) =>
      this.accept(socket),
    );
  }

  /**
   * @returns {Promise<number>} the port
   * @throws {WanLinkError} `start-failed`
   */
  start() {
    return new Promise((resolve, reject) => {
      this.server.once('error', (error) => reject(new WanLinkError('start-failed', error.message)));
      this.server.listen(this.address, () => {
        const address = /** @type {import('node:net').AddressInfo} */ (this.server.address());
        this.address.port = address.port;
        resolve(address.port);
      });
    });
  }

  get port() {
    return this.address.port;
  }

  get stats() {
    const { up, down } = this.line;
    return {
      connections: this.connections.size,
      accepted: this.accepted,
      upBytes: up.deliveredBytes,
      downBytes: down.deliveredBytes,
      upQueueBytes: up.queuedBytes,
      downQueueBytes: down.queuedBytes,
      upMaxQueueBytes: up.maxQueuedBytes,
      downMaxQueueBytes: down.maxQueuedBytes,
    };
  }

  /**
   * The line stands still: what is on it stays on it and goes on after `resume`.
   * @param {Way} [way]
   */
  stall(way = 'both') {
    for (const direction of this.directions(way)) direction.stall();
  }

  /** @param {Way} [way] */
  resume(way = 'both') {
    for (const direction of this.directions(way)) direction.resume();
  }

  /** Connections of now are dead for good and no end is told; new ones are taken and lead nowhere until `heal`. */
  blackhole() {
    this.isBlackhole = true;
    for (const connection of this.connections) connection.freeze();
  }

  /** New connections pass again. */
  heal() {
    this.isBlackhole = false;
  }

  /**
   * RST to both ends, of all connections or of one that the seed chooses.
   * @param {'all' | 'one'} [which]
   */
  reset(which = 'all') {
    for (const connection of this.chosen(which)) connection.reset();
  }

  /**
   * FIN in one direction.
   * @param {'up' | 'down'} way
   * @param {'all' | 'one'} [which]
   */
  halfClose(way, which = 'all') {
    for (const connection of this.chosen(which)) connection.halfClose(way);
  }

  /**
   * @param {Way} way
   * @param {Partial<DirectionSettings>} settings
   * @throws {WanLinkError} `option-invalid`
   */
  change(way, settings) {
    for (const direction of this.directions(way)) direction.change(settings);
  }

  /** Ends everything. Twice is harmless. */
  async stop() {
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const connection of this.connections) connection.destroy();
    for (const direction of this.directions('both')) direction.stop();
    await closed;
  }

  /** @param {import('node:net').Socket} socket */
  accept(socket) {
    this.accepted++;
    const connection = new Connection({
      client: socket,
      target: this.target,
      line: this.line,
      closed: () => this.connections.delete(connection),
    });
    this.connections.add(connection);
    if (this.isBlackhole) connection.freeze();
    else connection.open();
  }

  /** @param {Way} way */
  directions(way) {
    return way === 'both' ? [this.line.up, this.line.down] : [this.line[way]];
  }

  /** @param {'all' | 'one'} which */
  chosen(which) {
    const living = [...this.connections].filter(({ isFrozen }) => !isFrozen);
    return which === 'all' ? living : living.slice(Math.floor(this.random() * living.length)).slice(0, 1);
  }
}
