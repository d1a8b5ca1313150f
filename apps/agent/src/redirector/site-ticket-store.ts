import { randomBytes } from 'node:crypto';
import type { StreamUsage } from '@app/contracts';
import type { Holding } from '../users/holding.js';
import type { SiteAccount } from '../users/rights.js';

export interface SiteTicketStoreOptions {
  lifetimeMs: number;
  /** Unused tickets at a time. */
  maxTickets: number;
  /** Of these, those of one account: it leaves some to the others. */
  maxOfAccount: number;
  now: () => number;
}

export const siteTicketDefaults: SiteTicketStoreOptions = {
  lifetimeMs: 60_000,
  maxTickets: 1_000,
  maxOfAccount: 750,
  now: Date.now,
};

/** What a ticket opens. */
export interface StreamGrant {
  remoteId: string;
  usage: StreamUsage;
  /** The recordings of the camera instead of its live stream. */
  playback?: boolean;
  /** Whose federation host it is. */
  account: Pick<SiteAccount, 'name' | 'credential'>;
}

/** For whoever watches over what accounts have going. */
export const toHolding = ({ account, playback, remoteId }: StreamGrant, end: () => void): Holding => ({
  account: account.name,
  credential: account.credential,
  right: playback === true ? 'playback' : 'live',
  entityId: remoteId,
  end,
});

export interface SiteTicket {
  path: string;
  siteTicket: string;
  expiresAt: Date;
}

/** Tickets of the site redirector: random, short-lived, for one path and one use; in memory only. */
export class SiteTicketStore {
  readonly #options: SiteTicketStoreOptions;
  /** In the order of minting, so also of expiry. */
  readonly #tickets = new Map<string, { grant: StreamGrant; path: string; expiresAt: number }>();

  constructor(options: Partial<SiteTicketStoreOptions> = {}) {
    this.#options = { ...siteTicketDefaults, ...options };
  }

  /** Those that were not used yet. */
  get held(): Holding[] {
    this.#forgetExpired();
    return [...this.#tickets].map(([ticket, { grant }]) => toHolding(grant, () => this.#tickets.delete(ticket)));
  }

  /** Undefined when too many tickets wait for their use. */
  mint(grant: StreamGrant): SiteTicket | undefined {
    this.#forgetExpired();
    if (this.#isFull(grant.account.name)) return undefined;
    const path = `/${encodeURIComponent(grant.remoteId)}/${grant.usage}`;
    const siteTicket = randomBytes(32).toString('base64url');
    const expiresAt = this.#options.now() + this.#options.lifetimeMs;
    this.#tickets.set(siteTicket, { grant, path, expiresAt });
    return { path, siteTicket, expiresAt: new Date(expiresAt) };
  }

  /** Any attempt uses the ticket up. */
  redeem(path: string, siteTicket: string): StreamGrant | undefined {
    const known = this.#tickets.get(siteTicket);
    this.#tickets.delete(siteTicket);
    if (known === undefined || known.path !== path || known.expiresAt <= this.#options.now()) return undefined;
    return known.grant;
  }

  #isFull(account: string): boolean {
    const { maxTickets, maxOfAccount } = this.#options;
    if (this.#tickets.size >= maxTickets) return true;
    if (this.#tickets.size < maxOfAccount) return false;
    return [...this.#tickets.values()].filter(({ grant }) => grant.account.name === account).length >= maxOfAccount;
  }

  #forgetExpired(): void {
    for (const [ticket, { expiresAt }] of this.#tickets) {
      if (expiresAt > this.#options.now()) return;
      this.#tickets.delete(ticket);
    }
  }
}
