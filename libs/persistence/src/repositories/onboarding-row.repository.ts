import type { Transaction } from '../transaction.js';
import type { SiteFacts } from './site.repository.js';

export interface OnboardingRowOverview {
  number: number;
  name: string;
  /** As asked for; the site's once there is one. */
  label: string | null;
  state: 'waiting' | 'done' | 'failed' | 'cancelled';
  siteId: string | null;
  keyfileId: string | null;
  fingerprint: string | null;
  expiresAt: Date | null;
  errorCode: string | null;
  errorDetail: string | null;
  finishedAt: Date | null;
}

/** A row that is locked for who works on it. */
export interface WaitingRow extends SiteFacts {
  number: number;
  label: string | null;
  validForSeconds: number | null;
  siteId: string | null;
}

export interface RowResult {
  keyfileId: string;
  fingerprint: string;
  expiresAt: string;
  sealedKeyfile: string;
}

const OVERVIEW = `SELECT number, name, label, state, site_id AS "siteId", keyfile_id AS "keyfileId", fingerprint,
  expires_at AS "expiresAt", error_code AS "errorCode", error_detail AS "errorDetail", finished_at AS "finishedAt"
  FROM onboarding_row WHERE tenant_id = $1 AND onboarding_id = $2`;
const WAITING = `SELECT number, name, label, valid_for_seconds AS "validForSeconds", tags, address, latitude, longitude, notes,
  site_id AS "siteId"
  FROM onboarding_row WHERE tenant_id = $1 AND onboarding_id = $2 AND state = 'waiting'`;

/** Rows of one batch. Whoever holds a row's lock works on it; a process that dies lets go at once. */
export class OnboardingRowRepository {
  /** In the order of the file. @param after number of the last row of the page before */
  list(tx: Transaction, tenantId: string, id: string, after: number, limit: number): Promise<OnboardingRowOverview[]> {
    return tx.query(`${OVERVIEW} AND number > $3 ORDER BY number LIMIT $4`, [tenantId, id, after, limit]);
  }

  /** The next one that nobody works on. */
  lockNext(tx: Transaction, tenantId: string, id: string, after: number): Promise<WaitingRow | undefined> {
    return tx.one<WaitingRow>(`${WAITING} AND number > $3 ORDER BY number LIMIT 1 FOR UPDATE SKIP LOCKED`, [
      tenantId,
      id,
      after,
    ]);
  }

  /** Undefined when somebody else works on it or has done it. */
  lock(tx: Transaction, tenantId: string, id: string, number: number): Promise<WaitingRow | undefined> {
    return tx.one<WaitingRow>(`${WAITING} AND number = $3 FOR UPDATE SKIP LOCKED`, [tenantId, id, number]);
  }

  async setSite(
    tx: Transaction,
    tenantId: string,
    id: string,
    number: number,
    site: { id: string; label: string },
  ): Promise<void> {
    await tx.execute(
      `UPDATE onboarding_row SET site_id = $4, label = $5 WHERE tenant_id = $1 AND onboarding_id = $2 AND number = $3`,
      [tenantId, id, number, site.id, site.label],
    );
  }

  async finish(tx: Transaction, tenantId: string, id: string, number: number, result: RowResult): Promise<void> {
    await tx.execute(
      `UPDATE onboarding_row SET state = 'done', finished_at = now(), keyfile_id = $4, fingerprint = $5, expires_at = $6,
              sealed_keyfile = $7
        WHERE tenant_id = $1 AND onboarding_id = $2 AND number = $3`,
      [tenantId, id, number, result.keyfileId, result.fingerprint, result.expiresAt, result.sealedKeyfile],
    );
  }

  /** One row, or without a number all that wait. @returns how many */
  fail(
    tx: Transaction,
    tenantId: string,
    id: string,
    error: { code: string; detail: string },
    number?: number,
  ): Promise<number> {
    return tx.execute(
      `UPDATE onboarding_row SET state = 'failed', finished_at = now(), error_code = $3, error_detail = $4
        WHERE tenant_id = $1 AND onboarding_id = $2 AND state = 'waiting' AND ($5::int IS NULL OR number = $5)`,
      [tenantId, id, error.code, error.detail, number],
    );
  }

  /** Waits for rows that are being worked on. @returns how many are left undone */
  cancel(tx: Transaction, tenantId: string, id: string): Promise<number> {
    return tx.execute(
      `UPDATE onboarding_row SET state = 'cancelled', finished_at = now()
        WHERE tenant_id = $1 AND onboarding_id = $2 AND state = 'waiting'`,
      [tenantId, id],
    );
  }

  /** The sealed keyfile of a row; undefined once it is erased. */
  async keyfile(tx: Transaction, tenantId: string, id: string, number: number): Promise<string | undefined> {
    const row = await tx.one<{ content: string | null }>(
      `SELECT sealed_keyfile AS content FROM onboarding_row WHERE tenant_id = $1 AND onboarding_id = $2 AND number = $3`,
      [tenantId, id, number],
    );
    return row?.content ?? undefined;
  }

  /** Labels among these that sites of the tenant have. */
  async takenLabels(tx: Transaction, tenantId: string, labels: readonly string[]): Promise<string[]> {
    const rows = await tx.query<{ label: string }>(
      'SELECT label FROM site WHERE tenant_id = $1 AND label = ANY ($2::text[])',
      [tenantId, labels],
    );
    return rows.map(({ label }) => label);
  }
}
