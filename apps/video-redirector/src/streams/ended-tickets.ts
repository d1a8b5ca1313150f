const HELD_MS = 30_000;
const MAX_TICKETS = 10_000;

/**
 * Tickets whose streams an operator has just ended: players that come back by themselves are told so for a while, and
 * people who ask for the stream once more are not kept out for long.
 */
export class EndedTickets {
  readonly #until = new Map<string, number>();

  constructor(private readonly now: () => number = () => performance.now()) {}

  note(ticketId: string): void {
    this.#until.delete(ticketId);
    this.#until.set(ticketId, this.now() + HELD_MS);
    const oldest = this.#until.keys().next();
    if (this.#until.size > MAX_TICKETS && oldest.done !== true) this.#until.delete(oldest.value);
  }

  has(ticketId: string): boolean {
    const until = this.#until.get(ticketId);
    if (until === undefined) return false;
    if (until > this.now()) return true;
    this.#until.delete(ticketId);
    return false;
  }
}
