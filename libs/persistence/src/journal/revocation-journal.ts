import { DomainError } from '@app/contracts';
import { randomUUID } from 'node:crypto';
import type { Transaction } from '../transaction.js';
import type { JournalEvent } from './journal-event.js';
import { JournalFile } from './journal-file.js';
import { formatLine } from './journal-text.js';

/** Told of a copy that could not be written while another could. */
export type CopyFailed = (path: string, error: unknown) => void;

/**
 * What must outlive the loss of the database, beside it: an event is on the disk before its transaction commits, and how
 * that ended is noted after it. An event without an end counts as having happened.
 */
export class RevocationJournal {
  private constructor(
    private readonly files: readonly JournalFile[],
    private readonly copyFailed: CopyFailed,
  ) {}

  /** @param paths copies of one journal, best on different disks. @throws errors of node:fs when one cannot be opened */
  static async open(paths: readonly string[], copyFailed: CopyFailed): Promise<RevocationJournal> {
    return new RevocationJournal(await Promise.all(paths.map((path) => JournalFile.open(path))), copyFailed);
  }

  /** @throws DomainError `unavailable` when no copy takes it: what a restore would undo is not done at all */
  async record(tx: Transaction, event: JournalEvent): Promise<void> {
    const n = randomUUID();
    await this.write(formatLine({ n, at: new Date().toISOString(), event }));
    tx.afterwards((outcome) => {
      // Without the note the event counts as having happened, which is what the caller was told.
      if (outcome !== 'unknown') void this.write(formatLine({ n, outcome })).catch(() => undefined);
    });
  }

  /** Called by Nest for whoever provides it. */
  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.files.map((file) => file.close()));
  }

  private async write(line: string): Promise<void> {
    const attempts = await Promise.allSettled(this.files.map((file) => file.append(line)));
    const failed = attempts.flatMap((attempt, index) =>
      attempt.status === 'rejected' ? [{ path: this.files[index]?.path ?? '', reason: attempt.reason as unknown }] : [],
    );
    for (const { path, reason } of failed) this.copyFailed(path, reason);
    if (failed.length < this.files.length) return;
    throw new DomainError('unavailable', 'the revocation journal cannot be written now', {
      cause: failed[0]?.reason,
      retryAfterMs: 5_000,
    });
  }
}
