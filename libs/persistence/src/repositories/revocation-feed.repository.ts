import type { Transaction } from '../transaction.js';

export interface Revocation {
  seq: number;
  agentId: string;
  /** Null: everything of the agent. */
  serial: string | null;
  reason: string;
  /** `locked`: sessions end, and the agent may come back once it is unlocked. */
  effect: 'revoked' | 'locked';
}

interface Stored {
  seq: string | null;
  agent_id: string;
  serial: string | null;
  reason: string;
  effect: Revocation['effect'];
  transaction_id: string;
  horizon: string;
}

/** How far a reader has come: rows are in the order of their transactions, and of `seq` in each. */
export interface FeedPlace {
  /** xid8, decimal. */
  transaction: string;
  seq: number;
}

/** Before every row. */
export const FEED_START: FeedPlace = { transaction: '0', seq: 0 };

export interface FeedPage {
  revocations: Revocation[];
  /** All transactions before this one are over, and what they brought was there to be seen: from here on there may be more. */
  horizon: string;
  /** Undefined: that was all. */
  next: FeedPlace | undefined;
}

const PAGE = 10_000;

/** Which database this is: a restore makes another one of it, whose numbers begin again somewhere. */
export interface DatabaseGeneration {
  /** Null: never restored. */
  generation: string | null;
  /** Agents that are not on record may be put back. */
  isRecovering: boolean;
}

/** System-wide, by the views `revocation_feed` and `recovery_status`. */
export class RevocationFeedRepository {
  /**
   * Rows behind a place. Whoever has read all pages goes on from the horizon of the first one, and gets those again that
   * were seen already of transactions behind it.
   */
  async after(tx: Transaction, { transaction, seq }: FeedPlace): Promise<FeedPage> {
    const rows = await tx.query<Stored>(
      `SELECT f.*, h.horizon FROM (SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS horizon) h LEFT JOIN LATERAL (
         SELECT seq, agent_id, serial, reason, effect, transaction_id::text AS transaction_id FROM revocation_feed r
          WHERE r.transaction_id >= $1::xid8 AND (r.transaction_id, r.seq) > ($1::xid8, $2::bigint)
          ORDER BY r.transaction_id, r.seq LIMIT ${PAGE}) f ON true`,
      [transaction, seq],
    );
    const revocations = rows.flatMap((row) => (row.seq === null ? [] : [toRevocation(row, row.seq)]));
    const last = rows.at(-1);
    const next =
      revocations.length < PAGE || last === undefined
        ? undefined
        : { transaction: last.transaction_id, seq: Number(last.seq) };
    return { revocations, horizon: last?.horizon ?? transaction, next };
  }

  /** As `FeedPage.horizon`. */
  async horizon(tx: Transaction): Promise<string> {
    const row = await tx.one<{ horizon: string }>('SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS horizon');
    return row?.horizon ?? FEED_START.transaction;
  }

  async generation(tx: Transaction): Promise<DatabaseGeneration> {
    const row = await tx.one<{ generation: string; open: boolean }>('SELECT generation, open FROM recovery_status');
    return { generation: row?.generation ?? null, isRecovering: row?.open ?? false };
  }
}

const toRevocation = ({ agent_id: agentId, serial, reason, effect }: Stored, seq: string): Revocation => ({
  seq: Number(seq),
  agentId,
  serial,
  reason,
  effect,
});
