import { DomainError } from '@app/contracts';
import { bridge } from '@app/multiplex';
import { type AppLogger, CONFIG, LOGGER } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer, Server as HttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { pipeline } from 'node:stream';
import type { BrokerConfig } from '../config.js';
import { RefusedService } from '../audit/refused.service.js';
import { BrokerIdentityService } from '../identity/broker-identity.service.js';
import type { BrokerIdentity } from '../identity/identity-file.js';
import { listenOn } from '../listener/listening.js';
import { TunnelMetrics } from '../metrics/tunnel.metrics.js';
import { ESTABLISHED, refusalOf, refuse } from './answer.js';
import { type ConnectRequest, readConnect } from './connect-request.js';
import { type Dialled, DialService } from './dial.service.js';
import { RELAY_PATH, RELAYED_HEADER, RelayService } from './relay.service.js';

const LIMITS = {
  maxHeaderSize: 8_192,
  headersTimeout: 5_000,
  requestTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
  keepAliveTimeout: 1_000,
};
const MAX_CONNECTIONS = 16_384;

/** The dial ingress: HTTP CONNECT with a ticket, so that any client that knows proxies reaches a site's services. */
@Injectable()
export class IngressServer {
  private server: Server | undefined;
  private readonly open = new Set<Socket>();

  constructor(
    @Inject(CONFIG) private readonly config: BrokerConfig,
    private readonly identity: BrokerIdentityService,
    private readonly dials: DialService,
    private readonly relays: RelayService,
    private readonly metrics: TunnelMetrics,
    private readonly refused: RefusedService,
    @Inject(LOGGER) private readonly logger: AppLogger,
  ) {}

  /** @returns the port */
  async listen(): Promise<number> {
    this.server = this.create();
    this.server.maxConnections = MAX_CONNECTIONS;
    this.server.on('connection', (socket) => socket.setNoDelay(true));
    this.server.on('request', (request, response) => this.answer(request, response));
    this.server.on('connect', (request: IncomingMessage, socket: Socket, head: Buffer) => {
      void this.connect(request, socket, head);
    });
    const { ADIT_INGRESS_HOST: host, ADIT_INGRESS_PORT: port } = this.config;
    await listenOn(this.server, host, port, 'ADIT_INGRESS_PORT');
    return (this.server.address() as AddressInfo).port;
  }

  /** Resolves once no dial is open: an ended channel may still have bytes on their way to a slow dialer. */
  async idle(): Promise<void> {
    while (this.open.size > 0) {
      await Promise.all([...this.open].map((socket) => new Promise((resolve) => socket.once('close', resolve))));
    }
  }

  /** Nobody new, and the end of the dials that are open. */
  close(): void {
    this.server?.close();
    this.server?.closeAllConnections();
    for (const socket of this.open) socket.destroy();
  }

  private create(): Server {
    if (!this.config.ADIT_INGRESS_TLS) return createHttpServer(LIMITS);
    const server = createHttpsServer({ ...LIMITS, ...tlsOf(this.identity.current) });
    this.identity.onChange((identity) => {
      if (server instanceof HttpsServer) server.setSecureContext(tlsOf(identity));
    });
    return server;
  }

  /** Everything but CONNECT: another broker's question about a relay, or a mistake. */
  private answer(request: IncomingMessage, response: ServerResponse): void {
    const { method, url = '' } = request;
    if (method === 'GET' && url.startsWith(RELAY_PATH)) {
      const relaying = this.relays.claim(url.slice(RELAY_PATH.length));
      response.writeHead(relaying ? 204 : 404).end();
      return;
    }
    response.writeHead(405, { allow: 'CONNECT', connection: 'close' }).end();
  }

  private read(request: IncomingMessage): ConnectRequest {
    try {
      return readConnect(request.url ?? '', request.headers['proxy-authorization'], this.config.ADIT_DOMAIN);
    } catch (error) {
      this.refused.dial(error);
      throw error;
    }
  }

  private async connect(request: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
    socket.on('error', () => undefined);
    this.open.add(socket);
    socket.once('close', () => this.open.delete(socket));
    socket.setTimeout(0);
    try {
      const asked = this.read(request);
      const relayedBy = request.headers[RELAYED_HEADER];
      const dialled = await (typeof relayedBy === 'string'
        ? this.dials.dialRelayed(asked, relayedBy)
        : this.dials.dial(asked));
      if (head.length > 0) socket.unshift(head);
      socket.write(ESTABLISHED);
      this.metrics.dialled('ok');
      couple(socket, dialled);
    } catch (error) {
      const refusal = refusalOf(error);
      this.metrics.dialled(refusal.code);
      if (refusal.status === 500) this.logger.error({ err: error }, 'a dial failed');
      else if (error instanceof DomainError) this.logger.info({ code: error.code }, 'a dial was turned away');
      refuse(socket, refusal);
    }
  }
}

const tlsOf = ({ key, chain }: BrokerIdentity) => ({ key, cert: chain, minVersion: 'TLSv1.3' as const });

const couple = (socket: Socket, dialled: Dialled): void => {
  if ('channel' in dialled) {
    void bridge(socket, dialled.channel);
    return;
  }
  const { relay } = dialled;
  const cut = (error: unknown): void => {
    if (error === null || error === undefined) return;
    socket.destroy();
    relay.destroy();
  };
  pipeline(socket, relay, cut);
  pipeline(relay, socket, cut);
};
