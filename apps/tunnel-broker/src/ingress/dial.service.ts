import { DomainError, type VerifiedDialTicket } from '@app/contracts';
import { type Channel, OpenRefusedError } from '@app/multiplex';
import { Database } from '@app/persistence';
import { type AppLogger, LOGGER } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import type { Socket } from 'node:net';
import { RefusedService } from '../audit/refused.service.js';
import { type LiveSession, SessionRegistry } from '../tunnel/session-registry.js';
import type { ConnectRequest } from './connect-request.js';
import { DialTicketService } from './dial-ticket.service.js';
import { OwnerService, siteOffline } from './owner.service.js';
import { RelayService } from './relay.service.js';

/** A channel of a session here, or a connection to the broker that has the session. */
export type Dialled = { channel: Channel } | { relay: Socket };

/** From a CONNECT to an open way into the site: ticket, owner, audit, OPEN. */
@Injectable()
export class DialService {
  constructor(
    private readonly tickets: DialTicketService,
    private readonly registry: SessionRegistry,
    private readonly owners: OwnerService,
    private readonly relays: RelayService,
    private readonly database: Database,
    private readonly refused: RefusedService,
    @Inject(LOGGER) private readonly logger: AppLogger,
  ) {}

  /** @throws DomainError, OpenRefusedError */
  dial(request: ConnectRequest): Promise<Dialled> {
    return this.onRecord(this.tickets.verify(request), (ticket) => this.toOwner(request, ticket));
  }

  private async toOwner(request: ConnectRequest, ticket: VerifiedDialTicket): Promise<Dialled> {
    this.tickets.use(ticket);
    const live = await this.registry.ofSiteSoon(ticket.tenantId, ticket.site);
    if (live !== undefined) return { channel: await this.open(live, ticket) };
    const owner = await this.owners.find(ticket.tenantId, ticket.site);
    return { relay: await this.relays.relay(owner, request, ticket) };
  }

  /**
   * A dial that another broker relays with its caller's ticket. The ticket is made for that broker, which has taken it;
   * that it relays this very ticket to us now is asked of it, once. Never relayed any further.
   * @param relayedBy id of the other broker. @throws DomainError, OpenRefusedError
   */
  dialRelayed(request: ConnectRequest, relayedBy: string): Promise<Dialled> {
    const verified = this.tickets.verify(request, relayedBy);
    return this.onRecord(verified, (ticket) => this.fromOther(ticket, relayedBy));
  }

  private async fromOther(ticket: VerifiedDialTicket, relayedBy: string): Promise<Dialled> {
    const live = await this.registry.ofSiteSoon(ticket.tenantId, ticket.site);
    if (live === undefined) throw siteOffline(ticket.site);
    this.tickets.use(ticket);
    await this.relays.confirm(ticket.ticketId, relayedBy);
    return { channel: await this.open(live, ticket) };
  }

  /** A refusal is in the audit, of the ticket's tenant once the ticket is good. */
  private async onRecord<T>(
    verified: Promise<VerifiedDialTicket>,
    work: (ticket: VerifiedDialTicket) => Promise<T>,
  ): Promise<T> {
    let ticket: VerifiedDialTicket | undefined;
    try {
      ticket = await verified;
      return await work(ticket);
    } catch (error) {
      this.refused.dial(error, ticket);
      throw error;
    }
  }

  private async open(live: LiveSession, ticket: VerifiedDialTicket): Promise<Channel> {
    const { service, class: channelClass, user, issuer, tenantId, site } = ticket;
    const dial = { tenantId, site, service, class: channelClass, issuer, user };
    if (issuer === 'admin-api') await this.audit(live, ticket);
    try {
      const channel = await live.session.open({ service, class: channelClass, label: user });
      this.logger.info(dial, 'a dial was opened');
      return channel;
    } catch (error) {
      const code = error instanceof OpenRefusedError ? error.code : 'internal';
      this.logger.info({ ...dial, code }, 'a dial was refused');
      throw error;
    }
  }

  /** An operator's own dial leaves a trace, or does not happen. */
  private async audit(live: LiveSession, { tenantId, service, user, ticketId }: VerifiedDialTicket): Promise<void> {
    const details = { service, sessionId: live.id, ticketId };
    const entry = { actor: `operator:${user}`, action: 'dial.opened', subject: live.siteId, details };
    await this.database
      .inTenant(tenantId, (tx) => tx.audit(tenantId, entry))
      .catch((cause: unknown) => {
        throw new DomainError('unavailable', 'the audit cannot be written now', { cause, retryAfterMs: 2_000 });
      });
  }
}
