import { mintViewTicket, type ViewTicketClaims } from '@app/contracts';

/** Signs view tickets; the private key does not leave it. */
export class TicketKey {
  readonly #key: Parameters<typeof mintViewTicket>[1];

  constructor(key: Parameters<typeof mintViewTicket>[1]) {
    this.#key = key;
  }

  /** @param expiresAt seconds since the epoch */
  mint(claims: ViewTicketClaims, ticketId: string, expiresAt: number): Promise<string> {
    return mintViewTicket(claims, this.#key, ticketId, expiresAt);
  }
}
