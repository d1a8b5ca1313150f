import { type EventDatabase, type Row, textOf } from './event-database.js';
import { type Gap, NumberLine } from './number-line.js';
import { OccurrencePeriods } from './occurrence-periods.js';
import type { EventLimits, EventPage, EventSummary, NewEvent, OccurrencePeriod, StoredEvent } from './stored-event.js';

/** Discarded at once, so that a commit stays short. */
const MAX_DISCARDED_PER_COMMIT = 5_000;
const MAX_GAPS = 1_000;
/** A clock that is far ahead must not use up the numbers that JavaScript can count. */
const LARGEST_START = 8e15;
const US_PER_MS = 1_000;

export interface EventLogOptions {
  limits: EventLimits;
  /** Unix ms. */
  now: () => number;
  /** Steady ms. */
  steady: () => number;
}

/** The events of an open database: appended at one end, discarded at the other. */
export class EventLog {
  readonly #periods: OccurrencePeriods;
  readonly #startedMs: number;
  /** Running time of the processes before this one. */
  readonly #ranBeforeMs: number;
  #line: NumberLine;
  #last: number;
  #count: number;
  #unstored: number;
  #discarded: number;

  /** @param floor no number up to it is given */
  constructor(
    private readonly database: EventDatabase,
    private readonly options: EventLogOptions,
    floor: number,
  ) {
    this.#periods = new OccurrencePeriods(database);
    this.#startedMs = options.steady();
    this.#ranBeforeMs = database.count('ran_ms');
    this.#unstored = database.count('unstored');
    this.#discarded = database.count('discarded');
    this.#count = database.number('SELECT count(*) FROM events');
    const clock = Math.min(options.now() * US_PER_MS, LARGEST_START);
    this.#last = Math.max(database.count('last'), database.number('SELECT max(sequence) FROM events'));
    if (this.#last === 0) database.setFact('first', Math.max(clock, floor) + 1);
    this.#line = this.#readLine();
    this.#leap(Math.max(clock, floor));
  }

  /** Last number that was given. */
  get last(): number {
    return this.#last;
  }

  /** Of the whole store; one that is discarded has run for longer than `maxAgeMs` after the event. */
  get ranMs(): number {
    return Math.round(this.#ranBeforeMs + this.options.steady() - this.#startedMs);
  }

  get summary(): EventSummary {
    const oldest = this.database.all('SELECT at_ms FROM events ORDER BY sequence LIMIT 1')[0]?.['at_ms'];
    return {
      count: this.#count,
      bytes: this.database.bytes,
      oldestMs: oldest === undefined ? null : Number(oldest),
      newestSequence: this.#last,
      discarded: this.#discarded,
      unstored: this.#unstored,
    };
  }

  /** The number that `events` would end with. */
  lastAfter(events: readonly NewEvent[]): number {
    return events.reduce((last, { lostBefore }) => last + lostBefore + 1, this.#last);
  }

  /** On the disk when it returns. @param batch its id: given a second time, as after a lost answer, nothing is written */
  append(batch: string, events: readonly NewEvent[]): void {
    if (this.database.fact('batch') === batch) return;
    const written = this.database.transaction(() => {
      const ranMs = this.ranMs;
      let last = this.#last;
      for (const event of events) {
        last += event.lostBefore + 1;
        const { type, sourceId, atMs, details } = event;
        this.database.run('INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)', last, type, sourceId, atMs, ranMs, details);
      }
      const unstored = this.#unstored + (last - this.#last - events.length);
      const discarded = this.#discard(this.#count + events.length, ranMs);
      this.#setFacts({ last, unstored, discarded: this.#discarded + discarded, ran_ms: ranMs, batch });
      return { last, unstored, discarded };
    });
    this.#last = written.last;
    this.#unstored = written.unstored;
    this.#count += events.length - written.discarded;
    this.#discarded += written.discarded;
  }

  /** Keeps the running time, and the caps while nothing is appended. */
  tick(): void {
    const ranMs = this.ranMs;
    const discarded = this.database.transaction(() => {
      const count = this.#discard(this.#count, ranMs);
      this.#setFacts({ discarded: this.#discarded + count, ran_ms: ranMs, seen_ms: this.options.now() });
      const oldest = this.database.number('SELECT min(sequence) FROM events');
      this.#periods.forgetBefore(oldest === 0 ? this.#last : oldest);
      return count;
    });
    this.#count -= discarded;
    this.#discarded += discarded;
  }

  /**
   * Where to read on from for a host that has everything up to `since`; a number that was not given here is of another
   * store: it is read from the start then, and what comes is numbered beyond it.
   */
  locate(since: number): { after: number; isKnown: boolean } {
    if (since === 0) return { after: 0, isKnown: true };
    if (this.#line.isGiven(since, this.#last)) return { after: since, isKnown: true };
    if (since > this.#last && since <= LARGEST_START) this.#leap(since);
    return { after: 0, isKnown: false };
  }

  /** @param types empty means all @param limit events that are looked at */
  read(account: string, after: number, types: readonly string[], limit: number): EventPage {
    const rows = this.database.all('SELECT * FROM events WHERE sequence > ? ORDER BY sequence LIMIT ?', after, limit);
    const periodOf = this.#periods.reader(account);
    const events: StoredEvent[] = [];
    let scannedTo = after;
    let lost = 0;
    for (const row of rows) {
      const sequence = Number(row['sequence']);
      lost += this.#line.given(scannedTo, sequence) - 1;
      scannedTo = sequence;
      if (types.length > 0 && !types.includes(textOf(row['type']))) continue;
      events.push({ ...eventOf(row), period: periodOf(sequence), lostBefore: lost });
      lost = 0;
    }
    return { events, scannedTo, lost, atEnd: rows.length < limit };
  }

  mark(account: string, period: OccurrencePeriod): void {
    this.database.transaction(() => this.#periods.mark(account, period, this.#last));
  }

  /** @returns accounts in grace */
  interrupt(): string[] {
    return this.database.transaction(() => this.#periods.interrupt(this.#last));
  }

  /** Goes on behind `target`. */
  #leap(target: number): void {
    const size = target - this.#last;
    if (size <= 0) return;
    this.database.transaction(() => {
      const before = this.#line.gaps.at(-1);
      const adjoins = before !== undefined && before.after + before.size === this.#last;
      if (adjoins) this.database.run('UPDATE gaps SET size = size + ? WHERE after = ?', size, before.after);
      else this.database.run('INSERT INTO gaps VALUES (?, ?)', this.#last, size);
      this.#capGaps();
      this.#setFacts({ last: target });
    });
    this.#last = target;
    this.#line = this.#readLine();
  }

  /** Before the oldest gap that is known nothing can be counted: hosts that are still there are told too few. */
  #capGaps(): void {
    const surplus = this.database.number('SELECT count(*) FROM gaps') - MAX_GAPS;
    if (surplus <= 0) return;
    const oldest = 'SELECT after, after + size AS until FROM gaps ORDER BY after LIMIT ?';
    this.database.setFact('first', this.database.number(`SELECT max(until) + 1 FROM (${oldest})`, surplus));
    this.database.run('DELETE FROM gaps WHERE after IN (SELECT after FROM gaps ORDER BY after LIMIT ?)', surplus);
  }

  #readLine(): NumberLine {
    const gaps = this.database
      .all('SELECT after, size FROM gaps ORDER BY after')
      .map(({ after, size }): Gap => ({ after: Number(after), size: Number(size) }));
    return new NumberLine(this.database.count('first'), gaps);
  }

  /** @returns how many are gone */
  #discard(count: number, ranMs: number): number {
    const { maxAgeMs, maxBytes, maxEvents } = this.options.limits;
    const oldest = 'SELECT sequence FROM events ORDER BY sequence LIMIT ?';
    const remove = (limit: number): number =>
      this.database.run(`DELETE FROM events WHERE sequence IN (${oldest})`, limit);
    const cutoff = ranMs - maxAgeMs;
    const isOver = this.database.number(
      `SELECT count(*) FROM events WHERE sequence = (${oldest}) AND ran_ms < ?`,
      1,
      cutoff,
    );
    let gone = isOver === 0 ? 0 : this.#removeAged(oldest, cutoff);
    if (count - gone > maxEvents) gone += remove(count - gone - maxEvents);
    // Pages are freed only when all that is on them has gone: a few at once.
    while (count > gone && this.database.bytes > maxBytes) gone += remove(Math.ceil((count - gone) / 50));
    return gone;
  }

  #removeAged(oldest: string, cutoff: number): number {
    const aged = `DELETE FROM events WHERE ran_ms < ? AND sequence IN (${oldest})`;
    return this.database.run(aged, cutoff, MAX_DISCARDED_PER_COMMIT);
  }

  #setFacts(facts: Record<string, number | string>): void {
    for (const [name, value] of Object.entries(facts)) this.database.setFact(name, value);
  }
}

/** Of a row of `events`. */
export const eventOf = (row: Row): Omit<StoredEvent, 'period' | 'lostBefore'> => ({
  sequence: Number(row['sequence']),
  type: textOf(row['type']),
  sourceId: textOf(row['source']),
  atMs: Number(row['at_ms']),
  details: textOf(row['details']),
});
