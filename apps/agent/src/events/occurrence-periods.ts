import { type EventDatabase, textOf } from './event-database.js';
import { DamagedStoreError } from './event-store.errors.js';
import { type OccurrencePeriod, PERIODS } from './stored-event.js';

const MAX_ACCOUNTS = 64;
const MAX_CHANGES_PER_ACCOUNT = 1_000;

/** From the first event after `after` on. */
interface Change {
  after: number;
  period: OccurrencePeriod;
}

/**
 * When each account's host was there, told in numbers of events instead of times: what is between two changes belongs to the
 * first of them, whatever the clock did.
 */
export class OccurrencePeriods {
  constructor(private readonly database: EventDatabase) {}

  /** Holds for the events after `last`. */
  mark(account: string, period: OccurrencePeriod, last: number): void {
    if (this.#latest(account) === period) return;
    this.database.run('INSERT OR REPLACE INTO periods VALUES (?, ?, ?)', account, last, period);
    this.#cap(account);
  }

  /** The watches of a process that was killed have ended with it. @returns accounts that are in grace from now on */
  interrupt(last: number): string[] {
    const accounts = this.database.all('SELECT DISTINCT account FROM periods').map(({ account }) => textOf(account));
    const recent = accounts.filter((account) => this.#latest(account) !== 'offline');
    for (const account of recent) this.mark(account, 'grace', last);
    return recent;
  }

  /** @returns tells the period of ever higher numbers */
  reader(account: string): (sequence: number) => OccurrencePeriod {
    const changes = this.#changes(account);
    let index = -1;
    return (sequence) => {
      while ((changes[index + 1]?.after ?? Number.POSITIVE_INFINITY) < sequence) index += 1;
      return changes[index]?.period ?? 'offline';
    };
  }

  /** What only tells of events that are gone. */
  forgetBefore(oldest: number): void {
    const older = 'SELECT max(after) FROM periods AS newer WHERE newer.account = periods.account AND newer.after < ?';
    this.database.run(`DELETE FROM periods WHERE after < (${older})`, oldest);
  }

  #latest(account: string): OccurrencePeriod | undefined {
    const [row] = this.database.all(
      'SELECT period FROM periods WHERE account = ? ORDER BY after DESC LIMIT 1',
      account,
    );
    return row && asPeriod(row['period']);
  }

  #changes(account: string): Change[] {
    const rows = this.database.all('SELECT after, period FROM periods WHERE account = ? ORDER BY after', account);
    return rows.map(({ after, period }) => ({ after: Number(after), period: asPeriod(period) }));
  }

  #cap(account: string): void {
    const newest = 'SELECT after FROM periods WHERE account = ? ORDER BY after DESC LIMIT ?';
    this.database.run(
      `DELETE FROM periods WHERE account = ? AND after NOT IN (${newest})`,
      ...[account, account, MAX_CHANGES_PER_ACCOUNT],
    );
    const kept = 'SELECT account FROM periods GROUP BY account ORDER BY max(after) DESC LIMIT ?';
    this.database.run(`DELETE FROM periods WHERE account NOT IN (${kept})`, MAX_ACCOUNTS);
  }
}

const asPeriod = (value: unknown): OccurrencePeriod => {
  const period = PERIODS.find((known) => known === value);
  if (period === undefined) throw new DamagedStoreError('a period is unknown');
  return period;
};
