import {
  type ChainHead,
  type ChainRow,
  type ChainVerdict,
  DomainError,
  genesisOf,
  parseChainHead,
  toExportLine,
  verifyChain,
} from '@app/contracts';
import { AuditRepository, type AuditRow, Database, type Page } from '@app/persistence';
import { Inject, Injectable } from '@nestjs/common';
import type { Caller } from '../http/request.js';
import { toTimes } from '../http/time-range.dto.js';
import type { AuditEvent, AuditExportQuery, AuditQuery, AuditVerificationQuery } from './audit.dto.js';

/** Rows in memory at once. */
const STRETCH = 500;

@Injectable()
export class AuditService {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(AuditRepository) private readonly audit: AuditRepository,
  ) {}

  /** @throws DomainError `invalid-request` for a cursor of another list */
  async list(tenantId: string, query: AuditQuery): Promise<Page<AuditEvent>> {
    const { limit, cursor, actor, action, subject } = query;
    const filter = { ...toTimes(query), actor, action, subject };
    const before = cursor === undefined ? undefined : decodeCursor(cursor);
    const rows = await this.database.inTenant(tenantId, (tx) =>
      this.audit.list(tx, tenantId, filter, { limit: limit + 1, before }),
    );
    const items = rows.slice(0, limit);
    const last = items.at(-1);
    return {
      items: items.map(toEvent),
      nextCursor: rows.length > limit && last ? encodeCursor(last.seq) : null,
    };
  }

  /** Every row there is now by the rules of the chain, and that they end where the platform says: none missing, none behind it. */
  async verify(tenantId: string, { since }: AuditVerificationQuery): Promise<ChainVerdict> {
    const extent = await this.database.inTenant(tenantId, (tx) => this.audit.extent(tx, tenantId));
    const head = extent.head ?? genesisOf(tenantId);
    // Numbers begin with 1: a lower one is forged, and so is whatever is beyond the head.
    const rows = this.stretches(tenantId, Math.min(0, extent.first - 1), Math.max(head.seq, extent.last));
    return verifyChain(rows, { chain: tenantId, head, since: since === undefined ? undefined : parseChainHead(since) });
  }

  /**
   * Lines of an export, and where the chain ended when it began. That somebody took the audit away is part of it.
   * @returns no line when nothing happened in that time
   */
  async export({ tenantId, actor }: Caller, query: AuditExportQuery): Promise<{ head: ChainHead; lines: Lines }> {
    const times = toTimes(query);
    const { head, numbers } = await this.database.inTenant(tenantId, async (tx) => {
      const details = { from: query.from ?? null, to: query.to ?? null };
      await tx.audit(tenantId, { actor, action: 'audit.exported', subject: tenantId, details });
      return {
        head: (await this.audit.head(tx, tenantId)) ?? genesisOf(tenantId),
        numbers: await this.audit.numbers(tx, tenantId, times),
      };
    });
    return { head, lines: this.lines(tenantId, numbers ?? { first: 1, last: 0 }) };
  }

  private async *lines(tenantId: string, { first, last }: { first: number; last: number }): Lines {
    for await (const row of this.stretches(tenantId, first - 1, last)) yield toExportLine(tenantId, row);
  }

  /** A short transaction for each stretch: a slow reader holds nothing in the database. */
  private async *stretches(tenantId: string, after: number, until: number): AsyncGenerator<ChainRow> {
    let last = after;
    while (last < until) {
      const stretch = { after: last, until, limit: STRETCH };
      const rows = await this.database.inTenant(tenantId, (tx) => this.audit.stretch(tx, tenantId, stretch));
      yield* rows;
      const end = rows.at(-1);
      if (end === undefined) return;
      last = end.seq;
    }
  }
}

export type Lines = AsyncGenerator<string>;

const encodeCursor = (seq: number): string => Buffer.from(String(seq)).toString('base64url');

const decodeCursor = (cursor: string): number => {
  const text = Buffer.from(cursor, 'base64url').toString();
  if (/^[1-9]\d{0,14}$/.test(text) && encodeCursor(Number(text)) === cursor) return Number(text);
  throw new DomainError('invalid-request', 'the cursor does not come from a page of this list', {
    fields: [{ pointer: '/cursor', detail: 'the nextCursor of a page' }],
  });
};

const toEvent = ({ seq, hash, body }: AuditRow): AuditEvent => {
  const { at, actor, action, subject, by, details } = JSON.parse(body) as AuditEvent;
  return { seq, at, actor, action, subject, by, details, hash };
};
