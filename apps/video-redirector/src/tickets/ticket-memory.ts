const MAX_TICKETS = 10_000;

interface Use {
  address: string;
  /** ms since the epoch */
  expiresAt: number;
}

/** Tickets that were admitted here: who has used one goes on while the database is away. */
export class TicketMemory {
  readonly #uses = new Map<string, Use>();

  constructor(
    private readonly now: () => number = Date.now,
    private readonly maxTickets = MAX_TICKETS,
  ) {}

  remember(ticketId: string, use: Use): void {
    this.#uses.delete(ticketId);
    this.#uses.set(ticketId, use);
    if (this.#uses.size <= this.maxTickets) return;
    const oldest = this.#uses.keys().next();
    if (oldest.done !== true) this.#uses.delete(oldest.value);
  }

  forget(ticketId: string): void {
    this.#uses.delete(ticketId);
  }

  addressOf(ticketId: string): string | undefined {
    const use = this.#uses.get(ticketId);
    return use !== undefined && use.expiresAt > this.now() ? use.address : undefined;
  }
}
