import { DomainError, verifyViewTicket, type PublicKeys, type VerifiedViewTicket } from '@app/contracts';
import { Database, ViewTicketUseRepository } from '@app/persistence';
import { CONFIG, readPublicKeys } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import type { RightsRegister } from '../access/rights.watch.js';
import type { RedirectorConfig } from '../config.js';
import type { StreamPath } from './stream-path.js';
import { TicketMemory } from './ticket-memory.js';

/** Lets a viewer in who brings a view ticket for this very stream. */
@Injectable()
export class TicketGate implements RightsRegister {
  private readonly keys: PublicKeys;
  private readonly memory = new TicketMemory();

  constructor(
    @Inject(CONFIG) config: RedirectorConfig,
    private readonly database: Database,
    private readonly uses: ViewTicketUseRepository,
  ) {
    this.keys = readPublicKeys(config.ADIT_PUBLIC_KEYS_FILE);
  }

  /**
   * @param address of the viewer: the first one owns the ticket from then on
   * @throws DomainError `unauthenticated`, `ticket-invalid`, `ticket-expired`, `ticket-revoked`, `ticket-used`, `forbidden`, `unavailable`
   */
  async admit(ticket: string, path: StreamPath, address: string): Promise<VerifiedViewTicket> {
    if (ticket === '') throw new DomainError('unauthenticated', 'a view ticket is needed');
    const verified = await verifyViewTicket(ticket, this.keys);
    if (verified.site !== path.site || verified.camera !== path.camera || verified.usage !== path.usage) {
      throw new DomainError('forbidden', 'the ticket is for another stream');
    }
    const viewer = address.replace(/%.*$/, '');
    const owner = await this.owner(verified, viewer).catch((error: unknown) =>
      this.remembered(error, verified.ticketId),
    );
    if (owner !== viewer) throw new DomainError('ticket-used', 'the ticket belongs to another address');
    this.memory.remember(verified.ticketId, { address: owner, expiresAt: verified.expiresAt });
    return verified;
  }

  /** Those that an operator has revoked since. */
  async revoked(ticketIds: readonly string[]): Promise<string[]> {
    const revoked = await this.database.inSystem((tx) => this.uses.revoked(tx, ticketIds));
    for (const ticketId of revoked) this.memory.forget(ticketId);
    return revoked;
  }

  /** The address that used the ticket first; it is this one when nobody has. */
  private owner({ tenantId, ticketId }: VerifiedViewTicket, address: string): Promise<string | undefined> {
    return this.database.inTenant(tenantId, async (tx) => {
      const status = await this.uses.status(tx, tenantId, ticketId);
      if (status === undefined) throw new DomainError('ticket-invalid', 'the ticket is not known here');
      if (status.revoked) throw new DomainError('ticket-revoked', 'the ticket was revoked');
      if (status.expired) throw new DomainError('ticket-expired', 'the ticket has expired: ask for a new one');
      const owner = await this.uses.addressOf(tx, tenantId, ticketId);
      if (owner !== undefined) return owner;
      if (status.first_use_over) {
        throw new DomainError('ticket-expired', 'the ticket was not used in time: ask for a new one');
      }
      return this.uses.claim(tx, tenantId, ticketId, address);
    });
  }

  /** Without the database only those go on who were let in before. */
  private remembered(error: unknown, ticketId: string): string {
    const isAway = error instanceof DomainError && error.code === 'unavailable';
    if (!isAway && error instanceof DomainError) this.memory.forget(ticketId);
    const owner = isAway ? this.memory.addressOf(ticketId) : undefined;
    if (owner === undefined) throw error;
    return owner;
  }
}
