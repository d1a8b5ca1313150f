import { DomainError } from '@app/contracts';
import { randomUUID } from 'node:crypto';
import type { Transaction } from '../transaction.js';
import type { JournalEvent, JournalNote } from './journal-event.js';
import { formatLine } from './journal-text.js';
import { type CopyFailed, openCopies, type OpenCopies } from './open-copies.js';

/**
 * What must outlive the loss of the database, beside it: an event is on the disk before its transaction commits, and how
 * that ended is noted after it. An event without an end counts as having happened.
 */
export class RevocationJournal {
  private waiting: JournalNote[] = [];
  private last: Promise<void> = Promise.resolve();
  /** What takes the notes that wait, once the write before it has ended. */
  private next: Promise<void> | undefined;

  private constructor(
    private readonly files: OpenCopies['files'],
    private head: OpenCopies['head'],
    private readonly copyFailed: CopyFailed,
  ) {}

  /** @param paths copies of one journal, best on different disks. @throws as `openCopies` */
  static async open(paths: readonly string[], copyFailed: CopyFailed): Promise<RevocationJournal> {
    const { files, head } = await openCopies(paths, copyFailed);
    return new RevocationJournal(files, head, copyFailed);
  }

  /** @throws DomainError `unavailable` when no copy takes it: what a restore would undo is not done at all */
  async record(tx: Transaction, event: JournalEvent): Promise<void> {
    const n = randomUUID();
    await this.write({ n, at: new Date().toISOString(), event });
    tx.afterwards((outcome) => {
      // Without the note the event counts as having happened, which is what the caller was told.
      if (outcome !== 'unknown') void this.write({ n, outcome }).catch(() => undefined);
    });
  }

  /** Called by Nest for whoever provides it. */
  async onApplicationShutdown(): Promise<void> {
    await this.last.catch(() => undefined);
    await Promise.all(this.files.map((file) => file.close()));
  }

  /** Notes that come while others are on their way to the disks go together with the next write, and share its end. */
  private write(note: JournalNote): Promise<void> {
    this.waiting.push(note);
    if (this.next === undefined) {
      const next = this.last.catch(() => undefined).then(() => this.flush());
      this.next = next;
      this.last = next;
    }
    return this.next;
  }

  private async flush(): Promise<void> {
    this.next = undefined;
    let { head } = this;
    const lines = this.waiting.splice(0).map((note) => {
      head = formatLine({ ...note, i: head.line.i + 1, prev: head.sum });
      return head;
    });
    await this.toCopies(lines.map(({ text }) => text));
    this.head = head;
  }

  private async toCopies(lines: string[]): Promise<void> {
    const attempts = await Promise.allSettled(this.files.map((file) => file.append(lines)));
    const failed = attempts.flatMap((attempt, index) => {
      const file = this.files[index];
      return attempt.status === 'rejected' && file !== undefined ? [{ file, reason: attempt.reason as unknown }] : [];
    });
    for (const { file, reason } of failed) this.copyFailed(file.path, reason);
    if (failed.length === this.files.length) {
      throw new DomainError('unavailable', 'the revocation journal cannot be written now', {
        cause: failed[0]?.reason,
        retryAfterMs: 5_000,
      });
    }
    for (const { file } of failed) file.owe(lines);
  }
}
