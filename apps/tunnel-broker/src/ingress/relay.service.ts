import { DomainError, formatTunnelAddress, type VerifiedDialTicket } from '@app/contracts';
import { type BrokerRow, BrokerRepository, Database, type TunnelRoute } from '@app/persistence';
import { CONFIG } from '@app/runtime';
import { DialError, ingressTls, parseHostPort } from '@app/tunnel-dialer';
import { Inject, Injectable } from '@nestjs/common';
import { type ClientRequest, type IncomingMessage, request as httpRequest, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import type { BrokerConfig } from '../config.js';
import { BrokerIdentityService } from '../identity/broker-identity.service.js';
import { BROKER_ID } from '../tokens.js';
import type { ConnectRequest } from './connect-request.js';

/** What a ticket's id has to look like to be part of a question. */
const TICKET_ID = /^[0-9a-f-]{36}$/;

/** Names the broker that relays; its presence forbids a second relay. */
export const RELAYED_HEADER = 'adit-relayed';
export const RELAY_PATH = '/relays/';
const RELAY_TIMEOUT_MS = 10_000;
const MAX_RELAYS = 1_000;

/**
 * A dial at the wrong broker goes on to the owner, once. The ticket is spent here; the owner gets it too and asks back,
 * by `GET /relays/<ticket id>` at the address that the database has for us, whether we relay it to them at this moment.
 * We say yes once, so a stolen ticket opens nothing at the owner either.
 */
@Injectable()
export class RelayService {
  private readonly underWay = new Map<string, NodeJS.Timeout>();

  constructor(
    @Inject(CONFIG) private readonly config: BrokerConfig,
    @Inject(BROKER_ID) private readonly brokerId: string,
    private readonly identity: BrokerIdentityService,
    private readonly database: Database,
    private readonly brokers: BrokerRepository,
  ) {}

  /** Answers the owner's question. True once per relay. */
  claim(ticketId: string): boolean {
    clearTimeout(this.underWay.get(ticketId));
    return this.underWay.delete(ticketId);
  }

  /** @returns the connection to the owner, its CONNECT answered with 200. @throws DomainError what the owner said */
  async relay(route: TunnelRoute, { target, ticket }: ConnectRequest, verified: VerifiedDialTicket): Promise<Socket> {
    if (this.underWay.size >= MAX_RELAYS)
      throw new DomainError('unavailable', 'too many relays', { retryAfterMs: 1_000 });
    const { ticketId } = verified;
    this.underWay.set(
      ticketId,
      setTimeout(() => this.underWay.delete(ticketId), RELAY_TIMEOUT_MS),
    );
    try {
      const authority = `${formatTunnelAddress(target, this.config.ADIT_DOMAIN)}:443`;
      return await this.connect(route, {
        method: 'CONNECT',
        path: authority,
        headers: { host: authority, 'proxy-authorization': `Bearer ${ticket}`, [RELAYED_HEADER]: this.brokerId },
      });
    } finally {
      this.claim(ticketId);
    }
  }

  /** @throws DomainError `ticket-invalid` unless that broker relays this ticket to us now */
  async confirm(ticketId: string, relayedBy: string): Promise<void> {
    const broker = await this.database.inSystem((tx) => this.brokers.findLive(tx, relayedBy)).catch(() => undefined);
    if (broker === undefined || !TICKET_ID.test(ticketId) || !(await this.ask(broker, ticketId))) {
      throw new DomainError('ticket-invalid', 'the ticket was made for another broker');
    }
  }

  private ask(broker: BrokerRow, ticketId: string): Promise<boolean> {
    return new Promise((resolve) => {
      const asking = this.request(broker, { method: 'GET', path: `${RELAY_PATH}${ticketId}` });
      asking.once('response', (response) => {
        response.resume();
        resolve(response.statusCode === 204);
      });
      asking.once('error', () => resolve(false));
      asking.end();
    });
  }

  private connect(route: TunnelRoute, options: RequestOptions): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const asking = this.request(route, options);
      asking.once('connect', (response, socket: Socket, head) => {
        socket.on('error', () => undefined);
        if (response.statusCode !== 200) {
          socket.destroy();
          reject(answerOf(response));
          return;
        }
        socket.setTimeout(0);
        socket.setNoDelay(true);
        if (head.length > 0) socket.unshift(head);
        resolve(socket);
      });
      asking.once('error', (cause) =>
        reject(new DomainError('site-unreachable', 'its broker does not answer', { cause })),
      );
      asking.end();
    });
  }

  private request(broker: Pick<BrokerRow, 'ingress' | 'ingressTls'>, options: RequestOptions): ClientRequest {
    const { host, port } = parseHostPort(broker.ingress);
    const all = { ...options, host, port, agent: false as const, maxHeaderSize: 8_192, timeout: RELAY_TIMEOUT_MS };
    const asking = broker.ingressTls
      ? httpsRequest({ ...all, ...ingressTls(host, this.identity.current.roots) })
      : httpRequest(all);
    asking.once('timeout', () => asking.destroy(new DialError('dial-timeout', 'the other broker is silent')));
    return asking;
  }
}

/** The owner's own refusal, as if it were ours. */
const answerOf = (response: IncomingMessage): DomainError => {
  const code = String(response.headers['adit-code'] ?? '');
  switch (code) {
    case 'dial-refused':
    case 'site-offline':
    case 'not-found':
      return new DomainError(code, 'the broker of this site refused');
    case 'unknown-service':
      return new DomainError('dial-refused', 'the site does not offer this service');
    default:
      return new DomainError('site-unreachable', `the broker of this site answered ${code || 'no code'}`);
  }
};
