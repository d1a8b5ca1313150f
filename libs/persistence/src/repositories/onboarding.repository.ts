import { type Page, pageOf, type PageRequest } from '../cursor.js';
import type { Transaction } from '../transaction.js';

export type OnboardingState = 'running' | 'completed' | 'cancelled';

export interface OnboardingOverview {
  id: string;
  state: OnboardingState;
  total: number;
  done: number;
  failed: number;
  waiting: number;
  createdAt: Date;
  createdBy: string;
  finishedAt: Date | null;
  finishedBy: string | null;
  /** Until then the keyfiles are kept. */
  downloadUntil: Date | null;
  downloadedAt: Date | null;
  downloadedBy: string | null;
  erasedAt: Date | null;
}

/** What the work on a batch needs; the passphrase is encrypted by this app. */
export interface OnboardingJob {
  createdBy: string;
  correlationId: string;
  sealedPassphrase: Buffer;
  salt: Buffer;
}

export interface NewOnboarding extends OnboardingJob {
  id: string;
  rows: readonly NewOnboardingRow[];
}

export interface NewOnboardingRow {
  name: string;
  label?: string | undefined;
  validForSeconds?: number | undefined;
  tags?: Record<string, string> | undefined;
  address?: string | undefined;
  /** degrees, WGS 84; together or not at all */
  latitude?: number | undefined;
  longitude?: number | undefined;
  notes?: string | undefined;
}

/** A batch that has something to do: rows to work on, or keyfiles to erase. */
export interface OnboardingTask {
  onboardingId: string;
  tenantId: string;
  state: OnboardingState;
}

interface Row extends OnboardingOverview {
  cursor_at: string;
  cursor_id: string;
}

const OVERVIEW = `
  SELECT o.id, o.state, o.total, c.done, c.failed, c.waiting, o.created_at AS "createdAt", o.created_by AS "createdBy",
         o.finished_at AS "finishedAt", o.finished_by AS "finishedBy", o.download_until AS "downloadUntil",
         o.downloaded_at AS "downloadedAt", o.downloaded_by AS "downloadedBy", o.erased_at AS "erasedAt",
         o.created_at::text AS cursor_at, o.id AS cursor_id
    FROM onboarding o CROSS JOIN LATERAL (
      SELECT count(*) FILTER (WHERE r.state = 'done')::int AS done, count(*) FILTER (WHERE r.state = 'failed')::int AS failed,
             count(*) FILTER (WHERE r.state = 'waiting')::int AS waiting
        FROM onboarding_row r WHERE r.onboarding_id = o.id) c`;

/** Keyfiles of a finished batch are kept this long. */
const KEPT = `interval '7 days'`;

const toOverview = ({ cursor_at: _at, cursor_id: _id, ...overview }: Row): OnboardingOverview => overview;

export class OnboardingRepository {
  async insert(tx: Transaction, tenantId: string, onboarding: NewOnboarding): Promise<void> {
    const { id, rows, createdBy, correlationId, sealedPassphrase, salt } = onboarding;
    await tx.execute(
      `INSERT INTO onboarding (id, tenant_id, total, created_by, correlation_id, sealed_passphrase, salt)
       VALUES ($1, $2, $3, $4, $5, $6, $7)`,
      [id, tenantId, rows.length, createdBy, correlationId, sealedPassphrase, salt],
    );
    await tx.execute(
      `INSERT INTO onboarding_row
         (onboarding_id, tenant_id, number, name, label, valid_for_seconds, tags, address, latitude, longitude, notes)
       SELECT $1, $2, number, name, label, "validForSeconds", coalesce(tags, '{}'), address, latitude, longitude, notes
         FROM jsonb_to_recordset($3::jsonb) AS r(number int, name text, label text, "validForSeconds" int, tags jsonb,
                address text, latitude float8, longitude float8, notes text)`,
      [id, tenantId, JSON.stringify(rows.map((entry, index) => ({ ...entry, number: index + 1 })))],
    );
  }

  async find(tx: Transaction, tenantId: string, id: string): Promise<OnboardingOverview | undefined> {
    const row = await tx.one<Row>(`${OVERVIEW} WHERE o.tenant_id = $1 AND o.id = $2`, [tenantId, id]);
    return row && toOverview(row);
  }

  /** Newest first. */
  async list(tx: Transaction, tenantId: string, { limit, cursor }: PageRequest): Promise<Page<OnboardingOverview>> {
    const rows = await tx.query<Row>(
      `${OVERVIEW} WHERE o.tenant_id = $1
         AND ($2::timestamptz IS NULL OR (o.created_at, o.id) < ($2::timestamptz, $3::uuid))
       ORDER BY o.created_at DESC, o.id DESC LIMIT $4`,
      [tenantId, cursor?.at, cursor?.id, limit + 1],
    );
    return pageOf(rows, limit, toOverview);
  }

  /** System-wide, oldest first. */
  tasks(tx: Transaction): Promise<OnboardingTask[]> {
    return tx.query<OnboardingTask>(
      `SELECT onboarding_id AS "onboardingId", tenant_id AS "tenantId", state FROM onboarding_lookup ORDER BY created_at`,
    );
  }

  /** Undefined when it does not run any more. */
  job(tx: Transaction, tenantId: string, id: string): Promise<OnboardingJob | undefined> {
    return tx.one<OnboardingJob>(
      `SELECT created_by AS "createdBy", correlation_id AS "correlationId", sealed_passphrase AS "sealedPassphrase", salt
         FROM onboarding WHERE tenant_id = $1 AND id = $2 AND state = 'running'`,
      [tenantId, id],
    );
  }

  /**
   * Who started a batch. A username never changes and has neither `/` nor `:`.
   * @param actor `operator:<username>`, for an API token with `/api-token:<id>` behind
   * @returns the operator's roles; undefined when it is disabled or the token revoked
   */
  async starterRoles(tx: Transaction, tenantId: string, actor: string): Promise<string[] | undefined> {
    const row = await tx.one<{ roles: string[] }>(
      `SELECT roles FROM operator o
        WHERE tenant_id = $1 AND 'operator:' || username = split_part($2, '/', 1) AND disabled_at IS NULL
          AND NOT EXISTS (SELECT FROM api_token t WHERE t.tenant_id = $1 AND t.operator_id = o.id AND t.revoked_at IS NOT NULL
                             AND 'api-token:' || t.id = split_part($2, '/', 2))`,
      [tenantId, actor],
    );
    return row?.roles;
  }

  /** Running batches that the operator started, also by API tokens. */
  async runningOf(tx: Transaction, tenantId: string, username: string): Promise<string[]> {
    const rows = await tx.query<{ id: string }>(
      `SELECT id FROM onboarding
        WHERE tenant_id = $1 AND state = 'running' AND split_part(created_by, '/', 1) = 'operator:' || $2::text ORDER BY id`,
      [tenantId, username],
    );
    return rows.map(({ id }) => id);
  }

  /** Erases the passphrase with it. @returns false when it was not running, or rows wait and it is not called off */
  async finish(
    tx: Transaction,
    tenantId: string,
    id: string,
    ending: { state: 'completed' | 'cancelled'; by: string },
  ): Promise<boolean> {
    const rows = await tx.query(
      `UPDATE onboarding o SET state = $3, sealed_passphrase = NULL, finished_at = now(), finished_by = $4,
              download_until = now() + ${KEPT}
        WHERE tenant_id = $1 AND id = $2 AND state = 'running'
          AND NOT EXISTS (SELECT FROM onboarding_row r WHERE r.onboarding_id = o.id AND r.state = 'waiting') RETURNING id`,
      [tenantId, id, ending.state, ending.by],
    );
    return rows.length === 1;
  }

  /** Who fetched the keyfiles first. @returns false when somebody did before */
  async markDownloaded(tx: Transaction, tenantId: string, id: string, by: string): Promise<boolean> {
    const rows = await tx.query(
      `UPDATE onboarding SET downloaded_at = now(), downloaded_by = $3
        WHERE tenant_id = $1 AND id = $2 AND downloaded_at IS NULL RETURNING id`,
      [tenantId, id, by],
    );
    return rows.length === 1;
  }

  /** The keyfiles of a batch whose time is over. @returns whether it was */
  async erase(tx: Transaction, tenantId: string, id: string): Promise<boolean> {
    const over = await tx.query(
      `UPDATE onboarding SET erased_at = now()
        WHERE tenant_id = $1 AND id = $2 AND erased_at IS NULL AND download_until <= now() RETURNING id`,
      [tenantId, id],
    );
    if (over.length === 0) return false;
    await tx.execute('UPDATE onboarding_row SET sealed_keyfile = NULL WHERE tenant_id = $1 AND onboarding_id = $2', [
      tenantId,
      id,
    ]);
    return true;
  }
}
