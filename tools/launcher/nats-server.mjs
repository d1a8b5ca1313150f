import { createServer } from 'node:net';
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { NatsFrames } from './nats-frames.mjs';
import { Subscriptions } from './nats-subscriptions.mjs';

/** https://docs.nats.io/reference/reference-protocols/nats-protocol */
const MAX_PAYLOAD_BYTES = 1024 * 1024;
/** A client that does not read its messages is cut, as nats-server cuts it (its default is 64 MiB). */
const MAX_PENDING_BYTES = 16 * 1024 * 1024;
const AUTHENTICATION_MS = 2_000;
const PING_MS = 60_000;
const MAX_PINGS_OUT = 2;
const MAX_CONNECTIONS = 256;

/**
 * A core NATS server for one machine: subjects with wildcards, queue groups, headers, "no responders", one token.
 * Memory only, at most once, no clustering, no JetStream.
 */
export class NatsServer {
  /** @param {{ token: string, host?: string, port?: number }} options */
  constructor({ token, host = '127.0.0.1', port = 0 }) {
    this.tokenDigest = digest(token);
    this.host = host;
    this.port = port;
    this.id = randomBytes(11).toString('hex').toUpperCase();
    this.subscriptions = new Subscriptions();
    /** @type {Set<Connection>} */
    this.connections = new Set();
    this.server = createServer({ noDelay: true }, (socket) => this.accept(socket));
    this.server.maxConnections = MAX_CONNECTIONS;
    this.nextClientId = 1;
  }

  /** @returns {Promise<number>} the port */
  async start() {
    await new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen({ port: this.port, host: this.host }, () => resolve(undefined));
    });
    const address = this.server.address();
    this.port = typeof address === 'object' && address !== null ? address.port : this.port;
    return this.port;
  }

  async close() {
    for (const connection of this.connections) connection.socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** @param {import('node:net').Socket} socket */
  accept(socket) {
    const connection = new Connection(this, socket, this.nextClientId++);
    this.connections.add(connection);
    socket.once('close', () => {
      this.connections.delete(connection);
      this.subscriptions.removeAll(connection);
    });
  }

  /**
   * @param {Connection} from
   * @param {import('./nats-frames.mjs').Publication} publication
   */
  publish(from, publication) {
    const receivers = this.subscriptions
      .receivers(publication.subject)
      .filter(({ owner }) => from.echo || owner !== from);
    for (const subscription of receivers) {
      subscription.owner.deliver(subscription, publication);
      if (subscription.left !== undefined && --subscription.left <= 0) {
        this.subscriptions.remove(subscription.owner, subscription.sid);
      }
    }
    if (receivers.length === 0 && publication.reply && from.noResponders) this.answerNoResponders(publication.reply);
  }

  /** @param {string} reply */
  answerNoResponders(reply) {
    const status = Buffer.from('NATS/1.0 503\r\n\r\n');
    for (const subscription of this.subscriptions.receivers(reply)) {
      subscription.owner.deliver(subscription, { subject: reply, headerBytes: status.length, body: status });
    }
  }
}

class Connection {
  /**
   * @param {NatsServer} server
   * @param {import('node:net').Socket} socket
   * @param {number} clientId
   */
  constructor(server, socket, clientId) {
    this.server = server;
    this.socket = socket;
    this.authenticated = false;
    this.echo = true;
    this.noResponders = false;
    this.verbose = false;
    this.pingsOut = 0;
    const frames = new NatsFrames(MAX_PAYLOAD_BYTES);
    const late = setTimeout(() => this.end('Authentication Timeout'), AUTHENTICATION_MS);
    const ping = setInterval(() => this.ping(), PING_MS);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      clearTimeout(late);
      clearInterval(ping);
    });
    socket.on('data', (chunk) => {
      try {
        for (const operation of frames.push(chunk)) this.handle(operation);
      } catch (error) {
        this.end(error instanceof Error ? error.message : 'Unknown Protocol Operation');
      }
      if (this.authenticated) clearTimeout(late);
    });
    this.write(`INFO ${JSON.stringify(this.information(clientId))}\r\n`);
  }

  /** @param {number} clientId */
  information(clientId) {
    const { id, host, port } = this.server;
    const limits = { max_payload: MAX_PAYLOAD_BYTES, headers: true, auth_required: true, proto: 1 };
    return {
      server_id: id,
      server_name: 'adit',
      version: '2.10.0',
      go: 'node',
      host,
      port,
      client_id: clientId,
      ...limits,
    };
  }

  /** @param {import('./nats-frames.mjs').Operation} operation */
  handle(operation) {
    if (this.socket.destroyed) return;
    if (operation.op === 'CONNECT') return this.connect(operation.options);
    if (operation.op === 'PING') return this.write('PONG\r\n');
    if (operation.op === 'PONG') {
      this.pingsOut = 0;
      return;
    }
    if (!this.authenticated) return this.end('Authorization Violation');
    if (operation.op === 'SUB') this.server.subscriptions.add(this, operation);
    else if (operation.op === 'UNSUB') this.server.subscriptions.limit(this, operation.sid, operation.max);
    else this.server.publish(this, operation);
    if (this.verbose) this.write('+OK\r\n');
  }

  /** @param {Record<string, unknown>} options */
  connect(options) {
    const token = typeof options.auth_token === 'string' ? options.auth_token : '';
    if (!timingSafeEqual(digest(token), this.server.tokenDigest)) return this.end('Authorization Violation');
    this.authenticated = true;
    this.echo = options.echo !== false;
    this.verbose = options.verbose === true;
    this.noResponders = options.no_responders === true && options.headers === true;
    if (this.verbose) this.write('+OK\r\n');
  }

  /**
   * @param {import('./nats-subscriptions.mjs').Subscription} subscription
   * @param {Pick<import('./nats-frames.mjs').Publication, 'subject' | 'reply' | 'headerBytes' | 'body'>} publication
   */
  deliver(subscription, { subject, reply, headerBytes, body }) {
    const sizes = headerBytes === undefined ? `${body.length}` : `${headerBytes} ${body.length}`;
    const verb = headerBytes === undefined ? 'MSG' : 'HMSG';
    this.socket.cork();
    this.write(`${verb} ${subject} ${subscription.sid} ${reply ? `${reply} ` : ''}${sizes}\r\n`);
    this.write(body);
    this.write('\r\n');
    process.nextTick(() => this.socket.uncork());
  }

  ping() {
    if (++this.pingsOut > MAX_PINGS_OUT) return this.end('Stale Connection');
    this.write('PING\r\n');
  }

  /** @param {string | Buffer} data */
  write(data) {
    if (this.socket.destroyed) return;
    this.socket.write(data);
    if (this.socket.writableLength > MAX_PENDING_BYTES) this.socket.destroy();
  }

  /** @param {string} reason */
  end(reason) {
    if (this.socket.destroyed) return;
    this.socket.end(`-ERR '${reason}'\r\n`, () => this.socket.destroy());
  }
}

/** @param {string} text */
function digest(text) {
  return createHash('sha256').update(text).digest();
}
