import { DomainError } from '@app/contracts';
import { Injectable } from '@nestjs/common';

/** About 15 MB when full: tickets live for a minute, so this is far above what a broker can serve. */
const MAX_TICKETS = 100_000;

/** Tickets that were used, until they expire. No ticket is for another broker process, so one memory is enough. */
@Injectable()
export class TicketLedger {
  private readonly used = new Map<string, number>();

  constructor(
    private readonly limit: number = MAX_TICKETS,
    private readonly now: () => number = Date.now,
  ) {}

  /** @param expiresAtMs from here on the signature check refuses it. @throws DomainError `ticket-used`, `unavailable` */
  use(ticketId: string, expiresAtMs: number): void {
    if (this.used.has(ticketId)) throw new DomainError('ticket-used', 'a dial ticket opens one connection');
    if (this.used.size >= this.limit) this.forgetExpired();
    // Forgetting a living ticket would make it usable again.
    if (this.used.size >= this.limit) throw new DomainError('unavailable', 'too many dials', { retryAfterMs: 1_000 });
    this.used.set(ticketId, expiresAtMs + CLOCK_TOLERANCE_MS);
  }

  private forgetExpired(): void {
    const now = this.now();
    for (const [ticketId, untilMs] of this.used) if (untilMs < now) this.used.delete(ticketId);
  }
}

/** More than the verifier's own tolerance. */
const CLOCK_TOLERANCE_MS = 5_000;
