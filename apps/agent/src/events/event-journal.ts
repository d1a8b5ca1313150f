import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EventSink, SiteEvent } from '../site/site-event.js';
import { EventQueue, type EventQueueLimits } from './event-queue.js';
import type { AsyncEventStore } from './event-thread.messages.js';
import { EventStoreError } from './event-thread.js';
import { openingEvents, replacementEvents, stopped } from './lifecycle-events.js';
import { OccurrenceKeeper } from './occurrence-keeper.js';
import type { EventReport, EventSummary, NewEvent, StoredEvent } from './stored-event.js';

export interface EventJournalTimes {
  /** Events of so long a time are written together. */
  groupMs: number;
  /** After a failed writing; doubled each time, up to `maxRetryMs`. */
  retryMs: number;
  maxRetryMs: number;
  /** For so long after the end of a watch, or the start of the agent, an event is in grace. */
  graceMs: number;
  tickMs: number;
  /** What a stop gives to what still waits. */
  closeMs: number;
}

export const eventJournalTimes: EventJournalTimes = {
  groupMs: 50,
  retryMs: 1_000,
  maxRetryMs: 30_000,
  graceMs: 60_000,
  tickMs: 60_000,
  closeMs: 1_000,
};
const queueLimits: EventQueueLimits = { maxEvents: 10_000, maxBytes: 4e6 };
const BATCH = 500;
const PAGE = 256;

export interface EventJournalOptions {
  store: AsyncEventStore;
  times?: Partial<EventJournalTimes>;
  queue?: EventQueueLimits;
  /** For the site's log. `onFault` is told once until `onRecovered`. */
  onFault: (message: string) => void;
  onRecovered: () => void;
  onReplaced: (reason: 'damaged' | 'missing') => void;
  /** A host asked for what is after a number that this store has not given. */
  onUnknownPosition: (account: string, since: number, last: number) => void;
  onChange?: () => void;
}

export interface EventJournalStatus extends EventSummary {
  /** Not on the disk yet. */
  waiting: number;
  /** Why nothing can be written now. */
  fault: string | null;
}

export interface WatchRequest {
  /** Federation account of the host. */
  account: string;
  /** Last number that the host has; 0 for none. */
  since: number;
  /** Empty means all. */
  types: readonly string[];
}

/** Takes what happens at any time, has it written in groups, and lets hosts read it, each from a place of its own. */
export class EventJournal implements EventSink {
  readonly #times: EventJournalTimes;
  readonly #queue: EventQueue;
  readonly #occurrence: OccurrenceKeeper;
  readonly #written = new EventEmitter<{ written: [] }>().setMaxListeners(0);
  readonly #stopping = new AbortController();
  readonly #batchPrefix = randomUUID();
  #batches = 0;
  #opening: Promise<void> | undefined;
  #writing: Promise<void> | undefined;
  #ticking: NodeJS.Timeout | undefined;
  #isClosed = false;
  #fault: string | null = null;
  #taken: readonly NewEvent[] = [];
  /** Counts writings, so that a reader sees whether one came while it read. */
  #version = 0;
  #summary: EventSummary = { count: 0, bytes: 0, oldestMs: null, newestSequence: 0, discarded: 0, unstored: 0 };

  constructor(private readonly options: EventJournalOptions) {
    this.#times = { ...eventJournalTimes, ...options.times };
    this.#queue = new EventQueue(options.queue ?? queueLimits);
    this.#occurrence = new OccurrenceKeeper(options.store, this.#times.graceMs, (error) => this.#fail(error));
  }

  get status(): EventJournalStatus {
    const unstored = this.#summary.unstored + this.#queue.lost;
    return { ...this.#summary, unstored, waiting: this.#queue.size + this.#taken.length, fault: this.#fault };
  }

  /** Returns at once: a store that cannot be opened yet is tried again, and events wait for it. */
  start(): void {
    this.#opening ??= this.#open();
    this.#ticking ??= setInterval(() => void this.#tick(), this.#times.tickMs).unref();
  }

  event(event: SiteEvent): void {
    if (this.#isClosed) return;
    this.#queue.push(event);
    this.#write();
  }

  /**
   * Groups of events beyond `since` in their order, then as they happen, until `signal`. An event is given out when it is
   * on the disk, not before. Rejects with an EventStoreError while the store cannot be read.
   */
  async *watch({ account, since, types }: WatchRequest, signal: AbortSignal): AsyncGenerator<StoredEvent[]> {
    const { store, onUnknownPosition } = this.options;
    const ended = AbortSignal.any([signal, this.#stopping.signal]);
    const leave = this.#occurrence.enter(account);
    try {
      const { after, isKnown, last } = await store.locate(since);
      if (!isKnown) onUnknownPosition(account, since, last);
      let position = after;
      let lost = 0;
      while (!ended.aborted) {
        const version = this.#version;
        const page = await store.read(account, position, types, PAGE);
        const [first] = page.events;
        if (first !== undefined) {
          first.lostBefore += lost;
          lost = 0;
          yield page.events;
        }
        lost += page.lost;
        position = page.scannedTo;
        if (page.atEnd && version === this.#version) await this.#nextWriting(ended);
      }
    } finally {
      leave();
    }
  }

  /** Writes what waits, in the time that there is for it. Harmless when repeated. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.event(stopped());
    this.#isClosed = true;
    clearInterval(this.#ticking);
    const limit = sleep(this.#times.closeMs, undefined, { ref: false });
    await Promise.race([this.#writing, limit]);
    this.#stopping.abort();
    this.#occurrence.close();
    await Promise.race([this.options.store.close().catch(() => undefined), limit]);
  }

  async #open(): Promise<void> {
    const opening = await this.#persist(() => this.options.store.open());
    if (opening === undefined) return;
    this.#queue.pushFirst(openingEvents(opening));
    if (opening.replaced !== undefined) this.options.onReplaced(opening.replaced);
    this.#summary = opening.summary;
    this.#occurrence.startGrace(opening.inGrace);
    this.#write();
  }

  /** One writer at a time. */
  #write(): void {
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
      if (this.#queue.size > 0 && !this.#stopping.signal.aborted) this.#write();
    });
  }

  async #writeAll(): Promise<void> {
    const { signal } = this.#stopping;
    await this.#opening;
    while (this.#queue.size > 0 && !signal.aborted) {
      if (!this.#isClosed) await sleep(this.#times.groupMs, undefined, { signal }).catch(() => undefined);
      await this.#writeBatch(this.#queue.take(BATCH));
    }
  }

  async #writeBatch(events: readonly NewEvent[]): Promise<void> {
    this.#taken = events;
    const batch = `${this.#batchPrefix} ${(this.#batches += 1)}`;
    const report = await this.#persist(() => this.options.store.append(batch, events));
    this.#taken = [];
    if (report === undefined) this.#queue.giveUp(events);
    else this.#take(report);
  }

  /** Until it succeeds, or can never. @returns undefined when it did not */
  async #persist<T>(call: () => Promise<T>): Promise<T | undefined> {
    const { retryMs, maxRetryMs } = this.#times;
    const { signal } = this.#stopping;
    for (let waitMs = retryMs; !signal.aborted; waitMs = Math.min(waitMs * 2, maxRetryMs)) {
      try {
        const result = await call();
        this.#recover();
        return result;
      } catch (error) {
        this.#fail(error);
        if (error instanceof EventStoreError && !error.isPassing) return undefined;
      }
      await sleep(waitMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
    return undefined;
  }

  #take({ summary, replaced }: EventReport): void {
    this.#summary = summary;
    this.#version += 1;
    if (replaced !== undefined) {
      this.options.onReplaced(replaced);
      for (const event of replacementEvents(replaced)) this.event(event);
      this.#occurrence.repeat();
    }
    this.#written.emit('written');
  }

  async #tick(): Promise<void> {
    try {
      this.#take(await this.options.store.tick());
      this.#recover();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (this.#stopping.signal.aborted) return;
    const message = error instanceof Error ? error.message : String(error);
    if (this.#fault === null) this.options.onFault(message);
    this.#fault = message;
    this.options.onChange?.();
  }

  #recover(): void {
    if (this.#fault === null) return;
    this.#fault = null;
    this.options.onRecovered();
    this.options.onChange?.();
  }

  #nextWriting(signal: AbortSignal): Promise<unknown> {
    return once(this.#written, 'written', { signal }).catch(() => undefined);
  }
}
