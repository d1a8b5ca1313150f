import type { ResolveRequest } from '@app/media';
import { Injectable } from '@nestjs/common';
import { AccountGate } from '../accounts/account.gate.js';
import type { StreamPath } from '../tickets/stream-path.js';
import { TicketGate } from '../tickets/ticket.gate.js';
import { RightsWatch } from './rights.watch.js';

/** Who watches, and for how long he may. */
export interface Viewer {
  tenantId: string;
  /** As sites and the audit know him: an operator, or `stream-account:<username>`. */
  user: string;
  /** 1 (highest) … 254. */
  level: number;
  /** The same for all that watch by one ticket or account. */
  party: string;
  /** Undefined for one with an account. */
  ticketId: string | undefined;
  /** Aborts when the right was taken back or is over. */
  ended: AbortSignal;
}

/** Lets a viewer in by the ticket in its URL or, without one, by its stream account. */
@Injectable()
export class ViewerAccess {
  constructor(
    private readonly tickets: TicketGate,
    private readonly accounts: AccountGate,
    private readonly watch: RightsWatch,
  ) {}

  /** @throws DomainError of the gate that was asked */
  async admit({ query, credentials, remoteAddress }: ResolveRequest, stream: StreamPath): Promise<Viewer> {
    const ticket = query.get('ticket');
    if (ticket === null) {
      const { right, ...viewer } = await this.accounts.admit(credentials, stream, remoteAddress);
      return { ...viewer, party: right.id, ticketId: undefined, ended: this.watch.ended(this.accounts, right) };
    }
    const { tenantId, user, userLevel, ticketId, expiresAt } = await this.tickets.admit(ticket, stream, remoteAddress);
    const right = { id: ticketId, until: expiresAt, endsThen: false };
    return {
      tenantId,
      user,
      level: userLevel,
      party: ticketId,
      ticketId,
      ended: this.watch.ended(this.tickets, right),
    };
  }
}
