import type { SiteOutage } from '@app/contracts';
import { randomUUID } from 'node:crypto';
import { errnoOf } from '../errors.js';
import type { StateDirectory } from '../state/state-directory.js';
import { bootMs } from './boot-clock.js';
import { type NewFault, withFault } from './fault-fold.js';
import type { KeptOutage, RecordEntry } from './record.entry.js';
import { RecordFile } from './record.file.js';
import type { RecordState } from './record.state.js';

/** The cause of an outage of a site that has never had a tunnel; of no interest without a fault. */
export const FIRST_START = 'first-start';
export const PROCESS_STOPPED = 'process-stopped';
export const PROCESS_DIED = 'process-died';

/** Counts of faults that are known already are written this often at most. */
const COUNT_EVERY_MS = 60_000;
/** Wall time moves this much against steady time without anybody having set it. */
const NOTABLE_JUMP_MS = 1_000;

export interface RecordOptions {
  state: StateDirectory;
  /** A record of another site is none of ours. */
  siteId: string;
  /** Sign of life of the last process, as of its status; ms since 1970. */
  lastSeenMs?: number | undefined;
  /** Of the file; once for a row of failures. */
  onError: (error: unknown) => void;
  wall?: () => number;
  /** ms that pass while the machine sleeps too. */
  steady?: () => number;
}

export interface RecordHealth {
  /** Kept by now, and of these not sent. */
  outages: number;
  unsent: number;
  /** Forgotten by this process before they were sent: there were too many. */
  lost: number;
  /** Changes that stand in memory alone, because the file could not be written. */
  unwritten: number;
  /** Why; null while it can. */
  fault: string | null;
}

/** The site's own record of the times without a tunnel. What it notes is in the file soon, one write after the other. */
export class ConnectionRecord {
  private waiting: RecordEntry[] = [];
  private writing: Promise<void> | undefined;
  private unwritten = 0;
  private fault: string | null = null;
  private countedAtMs = Number.NEGATIVE_INFINITY;
  private closed = false;
  /** Wall time minus steady time when the outage was first seen by this process, and the jump of those before. */
  private clock = { offsetMs: 0, earlierMs: 0 };

  private constructor(
    private readonly file: RecordFile,
    private readonly options: RecordOptions,
  ) {}

  /** Goes on from the last process: what it was, and how it ended, is an outage until there is a tunnel. Never rejects. */
  static async open(options: RecordOptions): Promise<ConnectionRecord> {
    let file = await RecordFile.open(options.state);
    if (file.state.siteId !== undefined && file.state.siteId !== options.siteId) {
      file = await RecordFile.anew(options.state);
    }
    const record = new ConnectionRecord(file, options);
    record.begin();
    await record.flush();
    return record;
  }

  get outages(): KeptOutage[] {
    return this.state.outages;
  }

  /** Over, not sent yet, oldest first. */
  get unsent(): SiteOutage[] {
    return this.state.unsent.flatMap((outage) => (outage.to === null ? [] : [{ ...outage, to: outage.to }]));
  }

  get health(): RecordHealth {
    const { outages, unsent, lost } = this.state;
    return { outages: outages.length, unsent: unsent.length, lost, unwritten: this.unwritten, fault: this.fault };
  }

  /** The tunnel has ended. @returns false, without effect, while an outage lasts */
  down(cause: string): boolean {
    if (this.state.open !== undefined || this.closed) return false;
    this.start(cause, this.now(), 0);
    return true;
  }

  /** An attempt failed, or something at the site did. Without effect while there is a tunnel. */
  failed(fault: NewFault): void {
    const { open } = this.state;
    if (open === undefined || this.closed) return;
    const faults = withFault(open.faults, fault, this.at());
    const isNew = faults.length > open.faults.length;
    const outage = { ...open, faults, clockJumpMs: this.jumpMs() };
    const now = this.steady();
    if (isNew || now - this.countedAtMs >= COUNT_EVERY_MS) {
      this.countedAtMs = now;
      this.note({ kind: 'outage', outage });
    } else {
      this.state.apply({ kind: 'outage', outage });
    }
  }

  /** There is a tunnel. @param leastMs a shorter outage is forgotten */
  up(leastMs = 0): void {
    const { open } = this.state;
    if (open === undefined || this.closed) return;
    const toMs = this.now();
    const clockJumpMs = this.jumpMs();
    const isFirst = open.cause === FIRST_START && open.faults.length === 0;
    const lastedMs = toMs - Date.parse(open.from) - clockJumpMs;
    if (isFirst || lastedMs < leastMs) return this.note({ kind: 'dropped', id: open.id });
    this.note({ kind: 'outage', outage: { ...open, to: new Date(toMs).toISOString(), clockJumpMs } });
  }

  markSent(ids: readonly string[]): void {
    if (ids.length > 0) this.note({ kind: 'sent', ids: [...ids] });
  }

  /** Tries again to write what could not be written. */
  retry(): void {
    if (this.unwritten > 0) this.writing ??= this.write();
  }

  /**
   * The process is told to end: what the tunnel does from now on is of its own making. On the disk, when it can be written,
   * once this resolves.
   */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    const { open } = this.state;
    if (open !== undefined) this.note({ kind: 'outage', outage: { ...open, clockJumpMs: this.jumpMs() } });
    this.note({ kind: 'stopped', at: this.at() });
    await this.flush();
  }

  /** Resolves when nothing is being written any more. */
  async flush(): Promise<void> {
    while (this.writing !== undefined) await this.writing;
  }

  private get state(): RecordState {
    return this.file.state;
  }

  private begin(): void {
    const { open, lastWord, lastAtMs } = this.state;
    const lastSeenMs = Math.max(lastAtMs, this.options.lastSeenMs ?? 0);
    this.clock = { offsetMs: this.offset(), earlierMs: open?.clockJumpMs ?? 0 };
    const ended = lastWord === 'stopped' ? PROCESS_STOPPED : PROCESS_DIED;
    this.note({ kind: 'running', at: this.at(), siteId: this.options.siteId });
    if (open === undefined) {
      if (lastWord === undefined) this.start(FIRST_START, this.now(), 0);
      // A clock that is behind now must not make it begin after now.
      else this.start(ended, Math.min(this.now(), lastWord === 'stopped' ? lastAtMs : lastSeenMs), 1);
      return;
    }
    const faults = withFault(open.faults, { code: ended, endpoint: '', detail: WORDS[ended] }, this.at());
    this.note({ kind: 'outage', outage: { ...open, faults, restarts: open.restarts + 1 } });
  }

  private start(cause: string, fromMs: number, restarts: number): void {
    this.clock = { offsetMs: this.offset(), earlierMs: 0 };
    this.countedAtMs = Number.NEGATIVE_INFINITY;
    const from = new Date(fromMs).toISOString();
    const outage = {
      id: randomUUID(),
      from,
      to: null,
      cause: cause.slice(0, 60),
      faults: [],
      restarts,
      clockJumpMs: 0,
    };
    this.note({ kind: 'outage', outage });
  }

  private jumpMs(): number {
    const { offsetMs, earlierMs } = this.clock;
    const byMs = Math.round(this.offset() - offsetMs);
    return earlierMs + (Math.abs(byMs) < NOTABLE_JUMP_MS ? 0 : byMs);
  }

  private note(entry: RecordEntry): void {
    this.state.apply(entry);
    this.waiting.push(entry);
    this.writing ??= this.write();
  }

  private async write(): Promise<void> {
    do {
      const entries = this.waiting.splice(0);
      try {
        await this.file.append(entries);
        [this.unwritten, this.fault] = [0, null];
      } catch (error) {
        this.unwritten += entries.length;
        if (this.fault === null) this.options.onError(error);
        this.fault =
          errnoOf(error instanceof Error && error.cause !== undefined ? error.cause : error) ?? String(error);
      }
    } while (this.waiting.length > 0);
    this.writing = undefined;
  }

  private now(): number {
    return (this.options.wall ?? Date.now)();
  }

  private at(): string {
    return new Date(this.now()).toISOString();
  }

  private steady(): number {
    return (this.options.steady ?? bootMs)();
  }

  private offset(): number {
    return this.now() - this.steady();
  }
}

const WORDS = {
  [PROCESS_STOPPED]: 'the agent was stopped and started again',
  [PROCESS_DIED]: 'the agent ended without a word: killed, crashed, or the machine lost power',
};
