import type { AsyncEventStore } from './event-thread.messages.js';
import type { OccurrencePeriod } from './stored-event.js';

/** Follows whose watches are open, and has the store note it. */
export class OccurrenceKeeper {
  readonly #open = new Map<string, number>();
  readonly #graces = new Map<string, NodeJS.Timeout>();

  constructor(
    private readonly store: Pick<AsyncEventStore, 'mark'>,
    private readonly graceMs: number,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** Events after it are online to the account. @returns ends it */
  enter(account: string): () => void {
    this.#endGrace(account);
    const open = this.#open.get(account) ?? 0;
    this.#open.set(account, open + 1);
    if (open === 0) this.#mark(account, 'online');
    return () => this.#leave(account);
  }

  /** These are in grace already. */
  startGrace(accounts: readonly string[]): void {
    for (const account of accounts) if (!this.#open.has(account)) this.#waitForEnd(account);
  }

  /** The store has forgotten: it is told anew. */
  repeat(): void {
    for (const account of this.#open.keys()) this.#mark(account, 'online');
  }

  close(): void {
    for (const timer of this.#graces.values()) clearTimeout(timer);
    this.#graces.clear();
  }

  #leave(account: string): void {
    const open = (this.#open.get(account) ?? 0) - 1;
    if (open > 0) return void this.#open.set(account, open);
    this.#open.delete(account);
    this.#mark(account, 'grace');
    this.#waitForEnd(account);
  }

  #waitForEnd(account: string): void {
    this.#endGrace(account);
    const timer = setTimeout(() => {
      this.#graces.delete(account);
      this.#mark(account, 'offline');
    }, this.graceMs);
    this.#graces.set(account, timer.unref());
  }

  #endGrace(account: string): void {
    clearTimeout(this.#graces.get(account));
    this.#graces.delete(account);
  }

  #mark(account: string, period: OccurrencePeriod): void {
    this.store.mark(account, period).catch(this.onError);
  }
}
