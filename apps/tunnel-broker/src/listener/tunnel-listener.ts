import { brokerTlsOptions, ENROL_ALPN, TUNNEL_ALPN } from '@app/pki';
import { type AppLogger, CONFIG, LOGGER } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import { createServer as createTcpServer, type AddressInfo, type Server as TcpServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type Server as TlsServer, type TLSSocket } from 'node:tls';
import type { BrokerConfig } from '../config.js';
import { EnrolmentEndpoint } from '../enrolment/enrolment.endpoint.js';
import { BrokerIdentityService } from '../identity/broker-identity.service.js';
import { TunnelEndpoint } from '../tunnel/tunnel.endpoint.js';
import { originOf, plainAddress, TrustedBalancers } from './balancers.js';
import { ConnectionGate } from './connection-gate.js';
import { Doorstep } from './doorstep.js';
import { GateMetrics } from './gate.metrics.js';
import { DEFAULT_GATE_LIMITS } from './gate-limits.js';
import { listenOn } from './listening.js';
import { describePeer } from './peer.js';
import { TurnedAwayLog } from './turned-away.log.js';
import type { Visit } from './visit.js';

const TICK_MS = 100;
/** A peer that broke the handshake off after more than this had shown a certificate, and TLS did not like it. */
const CERTIFICATE_BYTES = 256;

/** A connection between its arrival and the end of its handshake. */
interface Guest {
  visit: Visit;
  /** Of the site: as announced, once a balancer has spoken. */
  addressNow: () => string;
  doorstep: Doorstep;
  hasHandshake: boolean;
}

/** Port 5500: a gate before the handshake, the handshake left to TLS, then the endpoint of the protocol. */
@Injectable()
export class TunnelListener {
  private readonly gate: ConnectionGate;
  private readonly balancers: TrustedBalancers;
  private readonly log: TurnedAwayLog;
  /** By the TCP connection: TLS does not tell which socket it was given. */
  private readonly guests = new Map<string, Guest>();
  private tcp: TcpServer | undefined;
  private tls: TlsServer | undefined;
  private ticking: NodeJS.Timeout | undefined;

  constructor(
    @Inject(CONFIG) private readonly config: BrokerConfig,
    private readonly identity: BrokerIdentityService,
    private readonly enrolment: EnrolmentEndpoint,
    private readonly tunnel: TunnelEndpoint,
    private readonly metrics: GateMetrics,
    @Inject(LOGGER) logger: AppLogger,
  ) {
    this.gate = new ConnectionGate(DEFAULT_GATE_LIMITS, metrics);
    this.balancers = new TrustedBalancers(config.ADIT_TUNNEL_PROXY_PROTOCOL_FROM);
    this.log = new TurnedAwayLog(logger);
    metrics.watch(() => this.gate.counts);
  }

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
    this.ticking = setInterval(() => this.tick(), TICK_MS).unref();
    return (this.tcp.address() as AddressInfo).port;
  }

  /** No further connections; those that are open stay. */
  close(): void {
    this.tcp?.close();
    clearInterval(this.ticking);
  }

  private tick(): void {
    this.gate.tick();
    this.log.flush();
  }

  private accept(socket: Socket): void {
    const key = keyOf(socket);
    socket.on('error', () => undefined);
    if (key === undefined) {
      socket.destroy();
      return;
    }
    this.guests.set(key, this.welcome(socket));
    socket.once('close', () => {
      const guest = this.guests.get(key);
      if (guest === undefined) return;
      this.guests.delete(key);
      this.gone(guest, socket.bytesRead);
    });
  }

  private welcome(socket: Socket): Guest {
    const peerAddress = plainAddress(socket.remoteAddress ?? '');
    let address = peerAddress;
    const close = (reason: string): void => {
      this.log.note({ reason, peerAddress: address });
      socket.destroy();
    };
    const visit = this.gate.arrive(originOf(peerAddress), close);
    const doorstep = new Doorstep(socket, this.balancers.has(peerAddress), {
      announced: (client = peerAddress) => {
        address = client;
        visit.from(originOf(client));
      },
      hello: () => visit.queue(() => this.handshake(socket, guest)),
      fault: (reason) => {
        this.metrics.turnedAway(reason);
        close(reason);
      },
    });
    const addressNow = (): string => address;
    const guest: Guest = { visit, doorstep, hasHandshake: false, addressNow };
    return guest;
  }

  private handshake(socket: Socket, guest: Guest): void {
    guest.hasHandshake = true;
    guest.doorstep.handOver();
    this.tls?.emit('connection', socket);
  }

  private admit(socket: TLSSocket): void {
    socket.on('error', () => undefined);
    const key = keyOf(socket) ?? '';
    const guest = this.guests.get(key);
    if (guest === undefined) {
      socket.destroy();
      return;
    }
    // From here on its endpoint tells how it ends; thousands of tunnels are up that were guests once.
    this.guests.delete(key);
    const { visit } = guest;
    const peer = describePeer(socket, guest.addressNow());
    if (peer?.alpn === ENROL_ALPN) this.enrolment.serve(socket, peer, visit);
    else if (peer?.alpn === TUNNEL_ALPN) this.tunnel.serve(socket, peer, visit);
    else {
      visit.end('failed');
      socket.destroy();
    }
  }

  /** Node tells of a handshake that took too long, and leaves the socket open. */
  private refused(error: Error & { code?: string }, socket: TLSSocket): void {
    const guest = this.guests.get(keyOf(socket) ?? '');
    // The socket knows why a certificate was refused; the error only that the connection ended.
    const reason = socket.authorizationError ?? error.code ?? error.message;
    const told = guest !== undefined || socket.authorizationError !== null;
    if (told) this.log.note({ reason: String(reason), peerAddress: guest?.addressNow() });
    guest?.visit.end(error.code === 'ECONNRESET' ? 'left' : 'failed');
    socket.destroy();
  }

  /** One that leaves without a place has cost nothing. */
  private gone({ visit, hasHandshake, doorstep }: Guest, bytesRead: number): void {
    const refused = hasHandshake && bytesRead - doorstep.bytesBefore > CERTIFICATE_BYTES;
    visit.end(refused ? 'failed' : 'left');
  }
}

/** Both ends of it: who has several addresses to connect to may use one port of his for each of them. */
const keyOf = ({ remoteAddress, remotePort, localAddress, localPort }: Socket): string | undefined =>
  remoteAddress === undefined ? undefined : `${remoteAddress}|${remotePort}|${localAddress}|${localPort}`;
