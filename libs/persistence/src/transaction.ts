import { AsyncLocalStorage } from 'node:async_hooks';
import type { QueryRunner } from 'typeorm';

export type SqlValue =
  string | number | bigint | boolean | Buffer | Date | null | undefined | readonly string[] | readonly number[];

/** What every audit row of the work in progress says besides its own details. */
export const auditContext = new AsyncLocalStorage<{ correlationId: string }>();
/** `unknown`: the connection was lost while it was being committed. */
export type TransactionOutcome = 'committed' | 'rolled-back' | 'unknown';

/** An open transaction. Repositories take it first, so that what belongs together is visible at the call. */
export class Transaction {
  private readonly followUps: ((outcome: TransactionOutcome) => void)[] = [];

  constructor(private readonly runner: QueryRunner) {}

  /** Told once when the transaction has ended; for what is kept outside of the database. It must not throw. */
  afterwards(followUp: (outcome: TransactionOutcome) => void): void {
    this.followUps.push(followUp);
  }

  /** Called by whoever opened it. */
  end(outcome: TransactionOutcome): void {
    for (const followUp of this.followUps.splice(0)) followUp(outcome);
  }

  /** Rows as the driver returns them: bigint as string, timestamptz as Date, bytea as Buffer, jsonb parsed. */
  async query<Row extends object>(sql: string, parameters: readonly SqlValue[] = []): Promise<Row[]> {
    const result = (await this.runner.query(sql, [...parameters], true)) as { records?: Row[]; raw: Row[] };
    return result.records ?? result.raw ?? [];
  }

  async one<Row extends object>(sql: string, parameters: readonly SqlValue[] = []): Promise<Row | undefined> {
    return (await this.query<Row>(sql, parameters))[0];
  }

  /** @returns how many rows were touched */
  async execute(sql: string, parameters: readonly SqlValue[] = []): Promise<number> {
    const result = await this.runner.query(sql, [...parameters], true);
    return (result as { affected?: number }).affected ?? 0;
  }

  /** A hint on commit; it may be lost. */
  async notify(channel: string, payload: string): Promise<void> {
    await this.runner.query('SELECT pg_notify($1, $2)', [channel, payload]);
  }

  /** Appends to the tenant's audit chain. `details` holds no secret. */
  async audit(tenantId: string, entry: AuditEntry): Promise<void> {
    await this.auditNumbered(tenantId, entry);
  }

  /** As `audit`. @returns the number of the row in the chain */
  async auditNumbered(tenantId: string, entry: AuditEntry): Promise<number> {
    const row = await this.one<{ seq: string }>('SELECT audit_append($1, $2, $3, $4, $5) AS seq', [
      tenantId,
      entry.actor,
      entry.action,
      entry.subject,
      JSON.stringify({ ...auditContext.getStore(), ...entry.details }),
    ]);
    return Number(row?.seq);
  }
}

export interface AuditEntry {
  /** `operator:<name>`, `agent:<id>`, `system` */
  actor: string;
  /** e.g. `keyfile.issued` */
  action: string;
  /** id of what it happened to */
  subject: string;
  details?: Record<string, unknown>;
}
