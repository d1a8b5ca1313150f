import { directory } from '@app/contracts';
import { Code, ConnectError } from '@connectrpc/connect';
import type { WatchRequest } from '../events/index.js';
import type { SiteDirectory } from '../site/site-directory.js';
import type { SiteAccount } from '../users/rights.js';
import { watchEntities, type WantedKinds } from './entity-watch.js';
import { type EventFeed, watchEvents } from './event-watch.js';
import { Sight } from './sight.js';
import type { UserVerifier } from './user-verifier.js';

/** Watches of accounts: they end when the account is changed, and the next one begins with what it may see then. */
export class AccountWatches {
  /** By account: its mark, and the revision up to which a host may have seen the site under another one. */
  readonly #seen = new Map<string, { mark: string; revision: number }>();

  constructor(
    private readonly site: SiteDirectory,
    private readonly users: Pick<UserVerifier, 'find'>,
    private readonly checkMs: number,
  ) {}

  /** @throws ConnectError Aborted when the account has changed */
  async *entities(
    account: SiteAccount,
    sinceRevision: number,
    kinds: WantedKinds,
    signal: AbortSignal,
  ): AsyncGenerator<directory.WatchEntitiesResponse> {
    const since = this.#isOwn(account, sinceRevision) ? sinceRevision : 0;
    const view = { kinds, sight: new Sight(this.site, account.rights) };
    yield* this.#whileUnchanged(account, signal, (until) => watchEntities(this.site, since, view, until));
  }

  /** @throws ConnectError Aborted when the account has changed */
  async *events(
    account: SiteAccount,
    feed: EventFeed,
    request: WatchRequest,
    signal: AbortSignal,
  ): AsyncGenerator<directory.WatchEventsResponse> {
    const sight = new Sight(this.site, account.rights);
    yield* this.#whileUnchanged(account, signal, (until) => watchEvents(feed, request, sight, until));
  }

  async *#whileUnchanged<T>(
    account: SiteAccount,
    signal: AbortSignal,
    watch: (until: AbortSignal) => AsyncGenerator<T>,
  ): AsyncGenerator<T> {
    const changed = new AbortController();
    const timer = setInterval(() => void this.#check(account, changed), this.checkMs);
    try {
      yield* watch(AbortSignal.any([signal, changed.signal]));
    } finally {
      clearInterval(timer);
    }
    if (changed.signal.aborted) throw new ConnectError('the account was changed', Code.Aborted);
  }

  async #check({ name, mark }: SiteAccount, changed: AbortController): Promise<void> {
    const now = await this.users.find(name).catch(() => undefined);
    if (now?.mark !== mark) changed.abort();
  }

  /** Whether a host that has this revision saw it with the rights of now. */
  #isOwn({ name, mark }: SiteAccount, revision: number): boolean {
    const seen = this.#seen.get(name);
    if (seen?.mark === mark) return revision > seen.revision;
    // Nothing is known of the time before this process; its revisions are no longer taken either.
    this.#seen.set(name, { mark, revision: seen === undefined ? 0 : this.site.revision });
    return seen === undefined;
  }
}
