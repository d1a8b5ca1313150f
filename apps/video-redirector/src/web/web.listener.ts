import { type Cidr, isWithin, parseCidrs } from '@app/tunnel-dialer';
import { CONFIG, isSecureTransport, PortInUseError, type TransportRule } from '@app/runtime';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { createServer, type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { RedirectorConfig } from '../config.js';
import { PlayerSocket } from './player.socket.js';
import { addressOf, targetOf, urlOf } from './web-request.js';
import { WebRouter } from './web.router.js';

const REQUEST_TIMEOUT_MS = 10_000;
const LATE_CHECK_MS = 1_000;
const MAX_HEADER_BYTES = 16 << 10;
const MAX_CONNECTIONS = 2_048;

/** The HTTP port for browsers: the page, its sockets, LL-HLS and WHEP. */
@Injectable()
export class WebListener implements OnApplicationShutdown {
  private readonly rule: TransportRule;
  private readonly proxies: readonly Cidr[];
  private readonly server: Server;

  constructor(
    @Inject(CONFIG) private readonly config: RedirectorConfig,
    private readonly router: WebRouter,
    private readonly players: PlayerSocket,
  ) {
    const { ADIT_TLS_PROXY: tlsProxy, ADIT_PLAY_LOOPBACK_PUBLISHED: loopbackPublished } = config;
    this.rule = { tlsProxy, loopbackPublished };
    this.proxies = tlsProxy ? parseCidrs(config.ADIT_TLS_PROXY_FROM) : [];
    const options = {
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: LATE_CHECK_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
      noDelay: true,
    };
    this.server = createServer(options, (request, response) => {
      void this.router.serve(request, response, this.isSecure(request), this.addressOf(request));
    });
    this.server.maxConnections = MAX_CONNECTIONS;
    this.server.on('upgrade', (request, socket, head) => this.upgrade(request, socket, head));
  }

  /** @returns the port. @throws PortInUseError */
  listen(): Promise<number> {
    const { ADIT_PLAY_HOST: host, ADIT_PLAY_PORT: port } = this.config;
    return new Promise((resolve, reject) => {
      this.server.once('error', (error: NodeJS.ErrnoException) => {
        reject(error.code === 'EADDRINUSE' ? new PortInUseError(host, port, 'ADIT_PLAY_PORT') : error);
      });
      this.server.listen(port, host, () => resolve((this.server.address() as AddressInfo).port));
    });
  }

  onApplicationShutdown(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  /** `/play/<site>/<camera>/stream`; its failures are bare statuses, because no script sees more of them. */
  private upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => undefined);
    const url = urlOf(request);
    const target = url && targetOf(url.pathname);
    if (!this.isSecure(request)) return deny(socket, 403);
    if (target?.kind !== 'play' || target.rest.join('/') !== 'stream') return deny(socket, 404);
    if (this.players.isFull) return deny(socket, 503);
    this.players.upgrade(request, socket, head, target, this.addressOf(request));
  }

  private isSecure(request: IncomingMessage): boolean {
    const forwarded = this.isProxy(request) ? request.headers['x-forwarded-proto'] : undefined;
    return isSecureTransport(
      this.rule,
      request.socket.localAddress,
      forwarded === undefined ? undefined : String(forwarded),
    );
  }

  private addressOf(request: IncomingMessage): string {
    return addressOf(request, this.isProxy(request));
  }

  private isProxy(request: IncomingMessage): boolean {
    return isWithin(request.socket.remoteAddress ?? '', this.proxies);
  }
}

const deny = (socket: Duplex, status: number): void => {
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
};
