import { connect } from 'node:net';
import { Flow } from './flow.mjs';

/**
 * @typedef {import('node:net').Socket} Socket
 * @typedef {import('./direction.mjs').Direction} Direction
 *
 * @typedef {object} ConnectionOptions
 * @property {Socket} client that came from the site
 * @property {{ host: string, port: number }} target
 * @property {{ up: Direction, down: Direction }} line
 * @property {() => void} closed both sockets are gone
 */

/** A connection of the site and its continuation behind the line. */
export class Connection {
  /** @param {ConnectionOptions} options */
  constructor({ client, target, line, closed }) {
    this.target = target;
    this.line = line;
    this.closed = closed;
    this.client = client;
    /** @type {Socket | undefined} */
    this.server = undefined;
    this.up = new Flow(line.up, {
      deliver: (kind, bytes, taken) => this.deliverUp(kind, bytes, taken),
      pause: () => this.client.pause(),
      resume: () => this.client.resume(),
    });
    this.down = new Flow(line.down, {
      deliver: (kind, bytes, taken) => this.deliverDown(kind, bytes, taken),
      pause: () => this.server?.pause(),
      resume: () => this.server?.resume(),
    });
    this.readFrom(client, this.up, line.up);
    client.pause();
  }

  /** Asks for the far end, by way of the line. */
  open() {
    this.up.mark('open', this.line.up.now());
  }

  get isFrozen() {
    return this.up.isFrozen;
  }

  /** From now on nothing passes; the ends keep their sockets and learn nothing. */
  freeze() {
    this.up.isFrozen = true;
    this.down.isFrozen = true;
    this.client.pause();
    this.server?.pause();
  }

  /** RST to both ends at once, whatever is on the way. */
  reset() {
    this.freeze();
    this.client.resetAndDestroy();
    this.server?.resetAndDestroy();
  }

  /**
   * FIN after what was read; what the sender says later is dropped.
   * @param {'up' | 'down'} way
   */
  halfClose(way) {
    this[way].mark('fin', this.line[way].now());
  }

  destroy() {
    this.freeze();
    this.client.destroy();
    this.server?.destroy();
  }

  /**
   * @param {Socket} socket
   * @param {Flow} flow
   * @param {Direction} direction
   */
  readFrom(socket, flow, direction) {
    socket.on('data', (bytes) => flow.send(bytes, direction.now()));
    socket.on('end', () => flow.mark('fin', direction.now()));
    socket.on('error', () => undefined);
    socket.on('close', (hadError) => {
      if (hadError || !socket.writableFinished || !flow.hasEnded) flow.mark('reset', direction.now());
      if (this.client.destroyed && this.server?.destroyed !== false) this.closed();
    });
  }

  /**
   * @param {import('./flow.mjs').ItemKind} kind
   * @param {Buffer} bytes
   * @param {() => void} taken
   */
  deliverUp(kind, bytes, taken) {
    if (kind === 'open') this.dial();
    else deliver(this.server, kind, bytes, taken);
  }

  /**
   * @param {import('./flow.mjs').ItemKind} kind
   * @param {Buffer} bytes
   * @param {() => void} taken
   */
  deliverDown(kind, bytes, taken) {
    if (kind !== 'open') deliver(this.client, kind, bytes, taken);
    else if (!this.up.isPaused) this.client.resume();
  }

  dial() {
    const { host, port } = this.target;
    const server = connect({ host, port, noDelay: true, allowHalfOpen: true });
    this.server = server;
    this.readFrom(server, this.down, this.line.down);
    server.once('connect', () => this.down.mark('open', this.line.down.now()));
  }
}

/**
 * @param {Socket | undefined} socket
 * @param {import('./flow.mjs').ItemKind} kind
 * @param {Buffer} bytes
 * @param {() => void} taken
 */
function deliver(socket, kind, bytes, taken) {
  if (kind === 'reset') socket?.resetAndDestroy();
  else if (socket === undefined || !socket.writable) taken();
  else if (kind === 'fin') socket.end();
  else socket.write(bytes, taken);
}
