import { brokerTlsOptions, ENROL_ALPN, TUNNEL_ALPN } from '@app/pki';
import { type AppLogger, CONFIG, LOGGER } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import { createServer as createTcpServer, type AddressInfo, type Server as TcpServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type Server as TlsServer, type TLSSocket } from 'node:tls';
import type { BrokerConfig } from '../config.js';
import { EnrolmentEndpoint } from '../enrolment/enrolment.endpoint.js';
import { BrokerIdentityService } from '../identity/broker-identity.service.js';
import { TunnelEndpoint } from '../tunnel/tunnel.endpoint.js';
import { listenOn } from './listening.js';
import { ConnectionGate } from './connection-gate.js';
import { describePeer } from './peer.js';

/** Port 5500: counts at the door, leaves the handshake to TLS, and hands what is admitted to the endpoint of its protocol. */
@Injectable()
export class TunnelListener {
  private readonly handshaking = new Map<string, (outcome: 'ok' | 'failed') => void>();
  private tcp: TcpServer | undefined;
  private tls: TlsServer | undefined;

  constructor(
    @Inject(CONFIG) private readonly config: BrokerConfig,
    private readonly identity: BrokerIdentityService,
    private readonly enrolment: EnrolmentEndpoint,
    private readonly tunnel: TunnelEndpoint,
    private readonly gate: ConnectionGate,
    @Inject(LOGGER) private readonly logger: AppLogger,
  ) {}

  get listening(): boolean {
    return this.tcp?.listening ?? false;
  }

  /** @returns the port */
  async listen(): Promise<number> {
    const tls = createTlsServer(brokerTlsOptions(this.identity.current), (socket) => this.admit(socket));
    tls.on('tlsClientError', (error, socket) => this.refused(error, socket));
    this.identity.onChange((identity) => tls.setSecureContext(brokerTlsOptions(identity)));
    this.tls = tls;
    this.tcp = createTcpServer({ noDelay: true }, (socket) => this.accept(socket));
    const { ADIT_TUNNEL_HOST: host, ADIT_TUNNEL_PORT: port } = this.config;
    await listenOn(this.tcp, host, port, 'ADIT_TUNNEL_PORT');
    return (this.tcp.address() as AddressInfo).port;
  }

  /** No further connections; those that are open stay. */
  close(): void {
    this.tcp?.close();
  }

  private accept(socket: Socket): void {
    const report = this.gate.enter(socket.remoteAddress ?? '');
    if (report === undefined) {
      socket.destroy();
      return;
    }
    const key = keyOf(socket);
    this.handshaking.set(key, report);
    socket.on('error', () => undefined);
    // A probe that connects and says nothing has cost nothing: it only counts while it is open.
    socket.once('close', () => this.settle(key, socket.bytesRead > 0 ? 'failed' : 'ok'));
    this.tls?.emit('connection', socket);
  }

  private admit(socket: TLSSocket): void {
    this.settle(keyOf(socket), 'ok');
    socket.on('error', () => undefined);
    const peer = describePeer(socket);
    if (peer?.alpn === ENROL_ALPN) this.enrolment.serve(socket, peer, () => this.gate.fail(peer.rawAddress));
    else if (peer?.alpn === TUNNEL_ALPN) this.tunnel.serve(socket, peer, () => this.gate.fail(peer.rawAddress));
    else {
      this.gate.fail(socket.remoteAddress ?? '');
      socket.destroy();
    }
  }

  private settle(key: string, outcome: 'ok' | 'failed'): void {
    this.handshaking.get(key)?.(outcome);
    this.handshaking.delete(key);
  }

  /** Node tells of a handshake that took too long, and leaves the socket open. */
  private refused(error: Error & { code?: string }, socket: TLSSocket): void {
    // The socket knows why a certificate was refused; the error only that the connection ended.
    const reason = socket.authorizationError ?? error.code ?? error.message;
    this.logger.info({ reason: String(reason), peerAddress: socket.remoteAddress }, 'a handshake was refused');
    socket.destroy();
  }
}

const keyOf = (socket: Socket): string => `${socket.remoteAddress}|${socket.remotePort}`;
