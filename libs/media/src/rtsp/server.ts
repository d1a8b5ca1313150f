import { STREAM_REALM } from '@app/contracts';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket, type SecureContext } from 'node:tls';
import { RtspConnection } from './connection.js';
import type { DatagramOutlets, Peer } from './negotiation.js';
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
  realm: STREAM_REALM,
  join: 'cached',
  maxBacklogMs: 600,
  maxBacklogBytes: 2 << 20,
  maxLagMs: 2000,
  stalledMs: 30_000,
  senderReportMs: 5000,
  maxReplayBacklogBytes: 256 << 10,
};

/** RTSP for viewers (RFC 2326): RTP interleaved in the connection and, where `datagrams` allow it, beside it. */
export class RtspServer implements Serving {
  readonly options: RtspServerOptions;
  readonly #servers = new Set<Server>();
  readonly #connections = new Set<RtspConnection>();
  readonly #sweep: NodeJS.Timeout;
  #closed = false;

  constructor(
    readonly resolve: Resolve,
    options: Partial<RtspServerOptions> = {},
    readonly listener: RtspServerListener = {},
    readonly datagrams?: DatagramOutlets,
  ) {
    this.options = { ...rtspServerDefaults, ...options };
    this.#sweep = setInterval(() => this.#sweepAll(), this.options.sweepMs).unref();
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** Port 0 takes a free one; resolves with the address in use, rejects with the socket's error. */
  listen(port: number, host: string): Promise<AddressInfo> {
    return this.#listen(port, host, (socket) => this.handle(socket, peerOf(socket)));
  }

  /** The same inside TLS. The handshake counts as a part of what a connection does before it shows a right. */
  listenTls(port: number, host: string, secureContext: SecureContext): Promise<AddressInfo> {
    return this.#listen(port, host, (socket) => {
      const peer = { ...peerOf(socket), encrypted: true };
      this.handle(new TLSSocket(socket, { isServer: true, secureContext }), peer);
    });
  }

  /** Serves a connection that somebody else accepted, for example after TLS. */
  handle(socket: Duplex, peer: Peer): void {
    const { remoteAddress } = peer;
    if (this.#closed || this.#connections.size >= this.options.maxConnections || !this.#hasRoomFor(remoteAddress)) {
      this.listener.refused?.(503, this.#closed ? 'viewer-closed' : 'rtsp-too-many-connections', remoteAddress);
      socket.on('error', () => undefined);
      socket.destroy();
      return;
    }
    const connection = new RtspConnection(socket, peer, this);
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
    await Promise.all([...this.#servers].map((server) => new Promise((resolve) => server.close(resolve))));
  }

  #listen(port: number, host: string, accept: (socket: Socket) => void): Promise<AddressInfo> {
    const server = createServer({ noDelay: true }, accept);
    this.#servers.add(server);
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        server.off('error', reject);
        resolve(server.address() as AddressInfo);
      });
    });
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

/** The ends of a TCP connection; IPv4 that came to a socket of IPv6 is IPv4. */
export function peerOf(socket: Pick<Socket, 'remoteAddress' | 'localAddress'>): Peer {
  const plain = (address = ''): string => address.replace(/^::ffff:(?=\d+\.)/, '');
  return { remoteAddress: plain(socket.remoteAddress), localAddress: plain(socket.localAddress) };
}
