import type { ChainHead, ChainRow } from '@app/contracts';
import type { Transaction } from '../transaction.js';

export interface AuditRow {
  seq: number;
  hash: string;
  /** The hashed JSON. */
  body: string;
}

export interface AuditFilter {
  from?: Date | undefined;
  /** Not included. */
  to?: Date | undefined;
  actor?: string | undefined;
  /** Exact, or `<family>.*`. */
  action?: string | undefined;
  subject?: string | undefined;
}

interface Stored {
  seq: string;
  prev: string;
  hash: string;
  body: string;
}

/** As the column `at` has it: microseconds, UTC. */
const asAt = (time: Date | undefined): string | undefined => time?.toISOString().replace(/Z$/, '000Z');

/** Reads the audit of one tenant; it is written by `Transaction.audit` alone. */
export class AuditRepository {
  /** Newest first. @param before seq of the last row of the page before */
  async list(
    tx: Transaction,
    tenantId: string,
    filter: AuditFilter,
    page: { limit: number; before?: number | undefined },
  ): Promise<AuditRow[]> {
    const family = filter.action?.endsWith('.*') ? filter.action.slice(0, -1) : undefined;
    const rows = await tx.query<Stored>(
      `SELECT seq, encode(hash, 'hex') AS hash, body FROM audit_event
        WHERE chain = $1 AND ($2::text IS NULL OR at >= $2) AND ($3::text IS NULL OR at < $3)
          AND ($4::text IS NULL OR actor = $4) AND ($5::text IS NULL OR action = $5)
          AND ($6::text IS NULL OR (action >= $6 AND action < $6 || '~')) AND ($7::text IS NULL OR subject = $7)
          AND ($8::bigint IS NULL OR (at, seq) < ((SELECT at FROM audit_event WHERE chain = $1 AND seq = $8), $8))
        ORDER BY at DESC, seq DESC LIMIT $9`,
      [
        tenantId,
        asAt(filter.from),
        asAt(filter.to),
        filter.actor,
        family === undefined ? filter.action : undefined,
        family,
        filter.subject,
        page.before,
        page.limit,
      ],
    );
    return rows.map(({ seq, hash, body }) => ({ seq: Number(seq), hash, body }));
  }

  /** A stretch of the chain, in its order. @param after seq before the first row. @param until seq of the last row at most */
  async stretch(
    tx: Transaction,
    tenantId: string,
    { after, until, limit }: { after: number; until: number; limit: number },
  ): Promise<ChainRow[]> {
    const rows = await tx.query<Stored>(
      `SELECT seq, encode(prev, 'hex') AS prev, encode(hash, 'hex') AS hash, body FROM audit_event
        WHERE chain = $1 AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT $4`,
      [tenantId, after, until, limit],
    );
    return rows.map((row) => ({ ...row, seq: Number(row.seq) }));
  }

  /** Where the chain ends by what `audit_append` keeps; undefined while nothing has happened. */
  async head(tx: Transaction, tenantId: string): Promise<ChainHead | undefined> {
    const row = await tx.one<{ seq: string; hash: string }>(
      `SELECT seq, encode(hash, 'hex') AS hash FROM audit_head WHERE chain = $1 AND seq > 0`,
      [tenantId],
    );
    return row && { seq: Number(row.seq), hash: row.hash };
  }

  /** Head and lowest and highest number of the rows, of one moment; the numbers are 0 while there are none. */
  async extent(
    tx: Transaction,
    tenantId: string,
  ): Promise<{ head: ChainHead | undefined; first: number; last: number }> {
    const row = await tx.one<{ seq: string | null; hash: string | null; first: string; last: string }>(
      `SELECT h.seq, encode(h.hash, 'hex') AS hash, coalesce(e.first, 0) AS first, coalesce(e.last, 0) AS last
         FROM (SELECT (SELECT min(seq) FROM audit_event WHERE chain = $1) AS first,
                      (SELECT max(seq) FROM audit_event WHERE chain = $1) AS last) e
         LEFT JOIN audit_head h ON h.chain = $1 AND h.seq > 0`,
      [tenantId],
    );
    const { seq, hash, first, last } = row ?? { seq: null, hash: null, first: 0, last: 0 };
    const head = seq === null || hash === null ? undefined : { seq: Number(seq), hash };
    return { head, first: Number(first), last: Number(last) };
  }

  /** First and last number of a time range; undefined when nothing happened in it. */
  async numbers(
    tx: Transaction,
    tenantId: string,
    { from, to }: { from?: Date | undefined; to?: Date | undefined },
  ): Promise<{ first: number; last: number } | undefined> {
    const range = 'chain = $1 AND ($2::text IS NULL OR at >= $2) AND ($3::text IS NULL OR at < $3)';
    const row = await tx.one<{ first: string | null; last: string | null }>(
      `SELECT (SELECT seq FROM audit_event WHERE ${range} ORDER BY at, seq LIMIT 1) AS first,
              (SELECT seq FROM audit_event WHERE ${range} ORDER BY at DESC, seq DESC LIMIT 1) AS last`,
      [tenantId, asAt(from), asAt(to)],
    );
    if (row === undefined || row.first === null || row.last === null) return undefined;
    return { first: Number(row.first), last: Number(row.last) };
  }
}
