import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { RtspConnection } from './connection.js';
import type { Resolve, RtspServerListener, RtspServerOptions, Serving } from './serving.js';

export const rtspServerDefaults: RtspServerOptions = {
  sessionTimeoutMs: 60_000,
  authenticationTimeoutMs: 10_000,
  maxConnections: 2000,
  maxUnauthenticated: 200,
  maxUnreadAnswerBytes: 64 << 10,
  maxHeaderBytes: 16 << 10,
  maxBodyBytes: 16 << 10,
  maxQueuedRequests: 16,
  sweepMs: 1000,
  serverName: 'Adit',
  maxBacklogMs: 600,
  maxBacklogBytes: 2 << 20,
  maxLagMs: 2000,
  stalledMs: 30_000,
  senderReportMs: 5000,
  maxReplayBacklogBytes: 256 << 10,
};

/** RTSP for viewers: RTP interleaved in the connection, nothing else (RFC 2326). */
export class RtspServer implements Serving {
  readonly options: RtspServerOptions;
  readonly #server: Server;
  readonly #connections = new Set<RtspConnection>();
  readonly #sweep: NodeJS.Timeout;
  #closed = false;

  constructor(
    readonly resolve: Resolve,
    options: Partial<RtspServerOptions> = {},
    readonly listener: RtspServerListener = {},
  ) {
    this.options = { ...rtspServerDefaults, ...options };
    this.#server = createServer({ noDelay: true }, (socket) => this.handle(socket, remoteAddressOf(socket)));
    this.#sweep = setInterval(() => this.#sweepAll(), this.options.sweepMs).unref();
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** Port 0 takes a free one; resolves with the address in use, rejects with the socket's error. */
  listen(port: number, host: string): Promise<AddressInfo> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject);
        resolve(this.#server.address() as AddressInfo);
      });
    });
  }

  /** Serves a connection that somebody else accepted, for example after TLS. */
  handle(socket: Duplex, remoteAddress: string): void {
    if (this.#closed || this.#connections.size >= this.options.maxConnections || !this.#hasRoomFor(remoteAddress)) {
      this.listener.refused?.(503, this.#closed ? 'viewer-closed' : 'rtsp-too-many-connections', remoteAddress);
      socket.on('error', () => undefined);
      socket.destroy();
      return;
    }
    const connection = new RtspConnection(socket, remoteAddress, this);
    this.#connections.add(connection);
    socket.once('close', () => this.#connections.delete(connection));
  }

  /** Ends all connections and stops listening. Harmless when repeated. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#sweep);
    const ended = [...this.#connections].map(({ socket }) => new Promise((resolve) => socket.once('close', resolve)));
    for (const connection of this.#connections) connection.destroy('viewer-closed');
    await Promise.all(ended);
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Idle connections of one address must not keep the viewers of all others out. */
  #hasRoomFor(remoteAddress: string): boolean {
    const unauthenticated = [...this.#connections].filter((connection) => !connection.authenticated);
    if (unauthenticated.length < this.options.maxUnauthenticated) return true;
    const counts = new Map<string, number>();
    for (const { remoteAddress: address } of unauthenticated) counts.set(address, (counts.get(address) ?? 0) + 1);
    const most = Math.max(...counts.values());
    if ((counts.get(remoteAddress) ?? 0) >= most) return false;
    unauthenticated.find((connection) => counts.get(connection.remoteAddress) === most)?.destroy('viewer-timeout');
    return true;
  }

  #sweepAll(): void {
    const now = performance.now();
    for (const connection of this.#connections) connection.sweep(now);
  }
}

function remoteAddressOf(socket: Socket): string {
  return (socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/, '');
}
