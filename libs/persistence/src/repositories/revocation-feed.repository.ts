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

type Stored = Pick<Revocation, 'serial' | 'reason' | 'effect'> & { seq: string; agent_id: string };

/** A number may become visible after a higher one: transactions commit in any order. Readers are idempotent. */
const OVERLAP = 64;

/** Which database this is: a restore makes another one of it, whose numbers begin again somewhere. */
export interface DatabaseGeneration {
  /** Null: never restored. */
  generation: string | null;
  /** Agents that are not on record may be put back. */
  isRecovering: boolean;
}

/** System-wide, by the views `revocation_feed` and `recovery_status`. */
export class RevocationFeedRepository {
  /** Rows after `seq`, and again the last few before it. */
  async after(tx: Transaction, seq: number): Promise<Revocation[]> {
    const rows = await tx.query<Stored>(
      'SELECT seq, agent_id, serial, reason, effect FROM revocation_feed WHERE seq > $1 ORDER BY seq LIMIT 10000',
      [Math.max(0, seq - OVERLAP)],
    );
    return rows.map((row) => ({
      seq: Number(row.seq),
      agentId: row.agent_id,
      serial: row.serial,
      reason: row.reason,
      effect: row.effect,
    }));
  }

  async generation(tx: Transaction): Promise<DatabaseGeneration> {
    const row = await tx.one<{ generation: string; open: boolean }>('SELECT generation, open FROM recovery_status');
    return { generation: row?.generation ?? null, isRecovering: row?.open ?? false };
  }

  /** 0 when there is none. */
  async lastSeq(tx: Transaction): Promise<number> {
    const row = await tx.one<{ last: string | null }>('SELECT max(seq) AS last FROM revocation_feed');
    return Number(row?.last ?? 0);
  }
}
