import { DomainError, type PublicKeys, type VerifiedDialTicket, verifyDialTicket } from '@app/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { BROKER_ID, PUBLIC_KEYS } from '../tokens.js';
import type { ConnectRequest } from './connect-request.js';
import { TicketLedger } from './ticket-ledger.js';

/** Judges the ticket of a CONNECT: signature, audience, age, right to the service, the very target, single use. */
@Injectable()
export class DialTicketService {
  constructor(
    @Inject(BROKER_ID) private readonly brokerId: string,
    @Inject(PUBLIC_KEYS) private readonly keys: PublicKeys,
    private readonly ledger: TicketLedger,
  ) {}

  /** @param madeFor id of the broker that it has to be made for. @throws DomainError */
  async verify({ ticket, target }: ConnectRequest, madeFor = this.brokerId): Promise<VerifiedDialTicket> {
    const verified = await verifyDialTicket(ticket, this.keys, madeFor);
    if (verified.service !== target.service || verified.site !== target.site) {
      throw new DomainError('dial-refused', 'the ticket is for another service');
    }
    return verified;
  }

  /** @throws DomainError `ticket-used`, `unavailable` */
  use({ ticketId, expiresAt }: VerifiedDialTicket): void {
    this.ledger.use(ticketId, expiresAt);
  }
}
