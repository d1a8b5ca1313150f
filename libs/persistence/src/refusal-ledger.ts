import type { Database } from './database.js';
import type { AuditEntry } from './transaction.js';

const WINDOW_MS = 60_000;
const LONGEST_WINDOW_MS = 3_600_000;
/** Kinds of refusals of one tenant and action (and actor) that are told apart; what is beyond is counted together. */
const MOST_OF_ACTION = 50;
const VARIOUS = 'various';

interface Refusals {
  tenantId: string;
  entry: AuditEntry;
  /** Since the last row. */
  count: number;
  windowMs: number;
  /** A whole window went by without any. */
  quiet: boolean;
  timer: NodeJS.Timeout;
}

export interface RefusalLedgerOptions {
  windowMs?: number;
  /** Actors are known: each has its own kinds, and what is beyond is counted together under its name. */
  byActor?: boolean;
  /** A row that cannot be written is told here: the refusal itself stands. */
  onError: (error: unknown) => void;
}

/**
 * Refused attempts in the audit, so that nobody fills the disk with them: the first of a kind at once, then how many of the
 * same there were, each minute at first and at last each hour for as long as they go on. A kind is everything that its row
 * says: details have nothing in them that is new each time, such as a port or the id of a request.
 */
export class RefusalLedger {
  private readonly kinds = new Map<string, Refusals>();
  private readonly ofAction = new Map<string, number>();

  constructor(
    private readonly database: Pick<Database, 'inTenant'>,
    private readonly options: RefusalLedgerOptions,
  ) {}

  /** Never rejects. Resolves when the row is there, if it takes one. */
  async note(tenantId: string, entry: AuditEntry): Promise<void> {
    const known = this.kinds.get(keyOf(tenantId, entry));
    if (known !== undefined) {
      known.count += 1;
      return;
    }
    const group = this.groupOf(tenantId, entry);
    const kinds = this.ofAction.get(group) ?? 0;
    const isOne = kinds < MOST_OF_ACTION || entry.subject === VARIOUS;
    if (!isOne) return this.note(tenantId, this.together(entry));
    this.ofAction.set(group, kinds + 1);
    const windowMs = this.options.windowMs ?? WINDOW_MS;
    this.kinds.set(keyOf(tenantId, entry), {
      tenantId,
      entry,
      count: 0,
      windowMs,
      quiet: false,
      timer: this.wait(tenantId, entry, windowMs),
    });
    await this.write(tenantId, entry);
  }

  /** What is counted and not told yet is told now. */
  async close(): Promise<void> {
    const open = [...this.kinds.values()];
    this.kinds.clear();
    for (const { timer } of open) clearTimeout(timer);
    const counted = open.filter(({ count }) => count > 0);
    await Promise.all(counted.map(({ tenantId, entry, count }) => this.write(tenantId, repeated(entry, count))));
  }

  private wait(tenantId: string, entry: AuditEntry, ms: number): NodeJS.Timeout {
    return setTimeout(() => void this.tell(tenantId, entry), ms).unref();
  }

  private async tell(tenantId: string, entry: AuditEntry): Promise<void> {
    const key = keyOf(tenantId, entry);
    const kind = this.kinds.get(key);
    if (kind === undefined) return;
    const { count } = kind;
    if (count === 0 && kind.quiet) return this.forget(key, kind);
    kind.count = 0;
    kind.quiet = count === 0;
    if (count > 0) kind.windowMs = Math.min(kind.windowMs * 2, LONGEST_WINDOW_MS);
    kind.timer = this.wait(tenantId, entry, kind.windowMs);
    if (count > 0) await this.write(tenantId, repeated(entry, count));
  }

  private forget(key: string, { tenantId, entry }: Refusals): void {
    this.kinds.delete(key);
    const group = this.groupOf(tenantId, entry);
    const left = (this.ofAction.get(group) ?? 1) - 1;
    if (left > 0) this.ofAction.set(group, left);
    else this.ofAction.delete(group);
  }

  private groupOf(tenantId: string, { action, actor }: AuditEntry): string {
    return JSON.stringify([tenantId, action, this.options.byActor ? personOf(actor) : null]);
  }

  private together({ action, actor }: AuditEntry): AuditEntry {
    return { action, actor: this.options.byActor ? personOf(actor) : VARIOUS, subject: VARIOUS };
  }

  private async write(tenantId: string, entry: AuditEntry): Promise<void> {
    try {
      await this.database.inTenant(tenantId, (tx) => tx.audit(tenantId, entry));
    } catch (error) {
      this.options.onError(error);
    }
  }
}

const keyOf = (tenantId: string, { action, actor, subject, details }: AuditEntry): string =>
  JSON.stringify([tenantId, action, actor, subject, details]);

const repeated = (entry: AuditEntry, count: number): AuditEntry => ({
  ...entry,
  details: { ...entry.details, repeated: count },
});

/** `operator:<name>/api-token:<id>`: who makes himself more tokens is no more people. */
const personOf = (actor: string): string => actor.split('/')[0] ?? actor;
