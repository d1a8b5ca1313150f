import { closeSync, existsSync, openSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { EventDatabase } from './event-database.js';
import { BESIDE, DAMAGED_EVENTS_FILE, EVENTS_FILE, EVENTS_MARK_FILE } from './event-files.js';
import { EventLog, type EventLogOptions } from './event-log.js';
import { isDamage } from './event-store.errors.js';
import { SequenceMark } from './sequence-mark.js';
import type { EventOpening, EventPage, EventReport, NewEvent, OccurrencePeriod } from './stored-event.js';

export interface EventStoreOptions extends EventLogOptions {
  /** The state directory. */
  directory: string;
}

/** The store of events in the state directory, of this process alone; every call returns when it is on the disk. */
export class EventStore {
  readonly #path: string;
  readonly #mark: SequenceMark;
  #open: { database: EventDatabase; log: EventLog } | undefined;
  #replaced: EventReport['replaced'];
  #isRunning = false;
  #isClosed = false;

  constructor(private readonly options: EventStoreOptions) {
    this.#path = join(options.directory, EVENTS_FILE);
    this.#mark = new SequenceMark(join(options.directory, EVENTS_MARK_FILE));
  }

  /** Once, before the others. Raises the errors of SQLite and node:fs; it may be tried again then. */
  open(): EventOpening {
    const { database, log } = this.#opened();
    const killedAtMs = database.fact('running') === undefined ? undefined : database.count('seen_ms');
    const inGrace = log.interrupt();
    database.setFact('running', 1);
    this.#isRunning = true;
    log.tick();
    return { ...this.#report(log), killedAtMs, inGrace };
  }

  append(batch: string, events: readonly NewEvent[]): EventReport {
    return this.#with((log) => {
      this.#mark.cover(log.lastAfter(events));
      log.append(batch, events);
      return this.#report(log);
    });
  }

  locate(since: number): { after: number; isKnown: boolean; last: number } {
    return this.#with((log) => {
      const { last } = log;
      return { ...log.locate(since), last };
    });
  }

  read(account: string, after: number, types: readonly string[], limit: number): EventPage {
    return this.#with((log) => log.read(account, after, types, limit));
  }

  /** Holds for what is appended from now on. */
  mark(account: string, period: OccurrencePeriod): void {
    this.#with((log) => log.mark(account, period));
  }

  /** To be called now and then. */
  tick(): EventReport {
    return this.#with((log) => {
      log.tick();
      return this.#report(log);
    });
  }

  /** In order: the next process does not take this one for killed. */
  close(): void {
    this.#isClosed = true;
    if (this.#open === undefined) return;
    this.#open.log.interrupt();
    this.#open.log.tick();
    this.#open.database.run("DELETE FROM facts WHERE name = 'running'");
    this.#release();
  }

  /** As a killed process leaves it. */
  abandon(): void {
    this.#isClosed = true;
    this.#release();
  }

  #report({ summary }: EventLog): EventReport {
    const replaced = this.#replaced;
    this.#replaced = undefined;
    return { summary, replaced };
  }

  #with<T>(use: (log: EventLog) => T): T {
    try {
      return use(this.#opened().log);
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.#setAside();
      return use(this.#opened().log);
    }
  }

  #opened(): { database: EventDatabase; log: EventLog } {
    if (this.#open !== undefined) return this.#open;
    if (this.#isClosed) throw new Error('the store is closed');
    const isMissing = this.#mark.through > 0 && !existsSync(this.#path);
    try {
      this.#open = this.#connect();
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.#setAside();
      this.#open = this.#connect();
    }
    if (isMissing) this.#replaced ??= 'missing';
    return this.#open;
  }

  #connect(): { database: EventDatabase; log: EventLog } {
    // SQLite gives its other files the mode of this one.
    closeSync(openSync(this.#path, 'a', 0o600));
    const database = EventDatabase.open(this.#path);
    try {
      const log = new EventLog(database, this.options, this.#mark.floorFor(database.count('last')));
      if (this.#isRunning) database.setFact('running', 1);
      return { database, log };
    } catch (error) {
      database.close();
      throw error;
    }
  }

  #setAside(): void {
    this.#release();
    const aside = this.#path.replace(EVENTS_FILE, DAMAGED_EVENTS_FILE);
    for (const ending of ['', ...BESIDE]) rmSync(`${aside}${ending}`, { force: true });
    for (const ending of ['', ...BESIDE])
      if (existsSync(`${this.#path}${ending}`)) renameSync(`${this.#path}${ending}`, `${aside}${ending}`);
    this.#replaced = 'damaged';
  }

  #release(): void {
    const { database } = this.#open ?? {};
    this.#open = undefined;
    try {
      database?.close();
    } catch {
      // A damaged file may not even close; its descriptor goes with the process.
    }
  }
}
