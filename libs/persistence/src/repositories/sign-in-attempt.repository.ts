import type { Transaction } from '../transaction.js';

/** One thing that is counted, such as a name from an address. */
export interface AttemptCounter {
  /** 32 bytes that tell the counters apart. */
  key: Buffer;
  /** Failures without a wait. */
  free: number;
  /** The wait doubles from `firstWaitSeconds` up to this. */
  maxWaitSeconds: number;
}

export interface AttemptRules {
  firstWaitSeconds: number;
  /** A counter begins anew after this long without an attempt. */
  forgetSeconds: number;
  /** How long a success is remembered. */
  knownSeconds: number;
}

/** Attempts to sign in, counted for all replicas and over restarts, by the database's clock. */
export class SignInAttemptRepository {
  /**
   * Counts an attempt as a failure before it is judged, so that attempts at once cannot share one count.
   * @returns false when the counter makes it wait; then nothing was counted
   */
  async count(tx: Transaction, { key, free, maxWaitSeconds }: AttemptCounter, rules: AttemptRules): Promise<boolean> {
    const rows = await tx.query(
      `INSERT INTO sign_in_attempt AS a (key, failures, blocked_until) VALUES ($1, 1, clock_timestamp())
       ON CONFLICT (key) DO UPDATE SET last_at = clock_timestamp(),
         failures = CASE WHEN a.last_at < now() - make_interval(secs => $5) THEN 1 ELSE least(a.failures, 1000000) + 1 END,
         blocked_until = clock_timestamp() + make_interval(secs => CASE
           WHEN a.last_at < now() - make_interval(secs => $5) OR a.failures < $2::int THEN 0
           ELSE least($3 * power(2::float8, least(a.failures - $2::int, 30)), $4) END)
       WHERE a.blocked_until <= clock_timestamp() RETURNING key`,
      [key, free, rules.firstWaitSeconds, maxWaitSeconds, rules.forgetSeconds],
    );
    return rows.length === 1;
  }

  /** Milliseconds until the last of the counters lets the next attempt pass; 0 when it may come at once. */
  async waitMs(tx: Transaction, keys: readonly Buffer[]): Promise<number> {
    const row = await tx.one<{ ms: number | null }>(
      `SELECT max(extract(epoch FROM blocked_until - clock_timestamp()) * 1000)::float8 AS ms FROM sign_in_attempt
        WHERE key IN (SELECT decode(unnest($1::text[]), 'hex'))`,
      [keys.map((key) => key.toString('hex'))],
    );
    return Math.max(0, row?.ms ?? 0);
  }

  /** Has this counter seen a success lately? */
  async isKnown(tx: Transaction, key: Buffer, rules: AttemptRules): Promise<boolean> {
    const row = await tx.one(
      'SELECT FROM sign_in_attempt WHERE key = $1 AND succeeded_at > now() - make_interval(secs => $2)',
      [key, rules.knownSeconds],
    );
    return row !== undefined;
  }

  /** Begins the counter anew. */
  async succeeded(tx: Transaction, key: Buffer): Promise<void> {
    await tx.query(
      'UPDATE sign_in_attempt SET failures = 0, blocked_until = clock_timestamp(), succeeded_at = now() WHERE key = $1',
      [key],
    );
  }

  /** Takes one counted attempt back. */
  async takeBack(tx: Transaction, key: Buffer): Promise<void> {
    await tx.query(
      'UPDATE sign_in_attempt SET failures = greatest(failures - 1, 0), blocked_until = clock_timestamp() WHERE key = $1',
      [key],
    );
  }

  /** Removes up to a hundred counters that say nothing any more. */
  async prune(tx: Transaction, rules: AttemptRules): Promise<void> {
    await tx.query(
      `DELETE FROM sign_in_attempt WHERE key IN (
         SELECT key FROM sign_in_attempt WHERE last_at < now() - make_interval(secs => $1)
            AND (succeeded_at IS NULL OR succeeded_at < now() - make_interval(secs => $2))
          ORDER BY last_at LIMIT 100 FOR UPDATE SKIP LOCKED)`,
      [rules.forgetSeconds, rules.knownSeconds],
    );
  }
}
