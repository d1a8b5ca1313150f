import type { StreamAccountStatus } from '@app/persistence';
import type { StreamPath } from '../tickets/stream-path.js';
import { BoundedMap } from './bounded-map.js';

/** As long as a view ticket lets its user reconnect. */
const KEPT_MS = 12 * 3_600_000;
const MOST = 20_000;

/** Accounts that were let in to a stream here: they may come back while the database is away. Secrets stay sealed. */
export class AccountMemory {
  private readonly known = new BoundedMap<string, { account: StreamAccountStatus; until: number }>(MOST);

  constructor(private readonly now: () => number = Date.now) {}

  remember(account: StreamAccountStatus, path: StreamPath): void {
    this.known.set(keyOf(account.username, path), { account, until: this.now() + KEPT_MS });
  }

  /** Its end is judged by this machine's clock. */
  recall(username: string, path: StreamPath): StreamAccountStatus | undefined {
    const entry = this.known.get(keyOf(username, path));
    if (entry === undefined || entry.until <= this.now()) return undefined;
    const { account } = entry;
    return { ...account, expired: account.expiresAt !== null && account.expiresAt.getTime() <= this.now() };
  }

  forget(accountIds: ReadonlySet<string>): void {
    this.known.drop(({ account }) => accountIds.has(account.id));
  }
}

const keyOf = (username: string, { site, camera, usage }: StreamPath): string =>
  JSON.stringify([username, site, camera, usage]);
