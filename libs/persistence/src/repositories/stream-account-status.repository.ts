import type { Transaction } from '../transaction.js';

export interface StreamAccountStatus {
  id: string;
  tenantId: string;
  username: string;
  /** H(A1), sealed to the video redirector; null until the password is rotated. */
  secret: string | null;
  usages: string[];
  level: number;
  /** None: from everywhere. */
  allowedCidrs: string[];
  /** Another one with each change of the password or of what the account may. */
  version: number;
  expiresAt: Date | null;
  expired: boolean;
  revoked: boolean;
}

/** Stream accounts as the redirector sees them, and when they were used. */
export class StreamAccountStatusRepository {
  find(tx: Transaction, username: string): Promise<StreamAccountStatus | undefined> {
    return tx.one<StreamAccountStatus>(
      `SELECT id, tenant_id AS "tenantId", username, secret, usages, level, allowed_cidrs AS "allowedCidrs", version,
              expires_at AS "expiresAt", expired, revoked FROM stream_account_status WHERE username = $1`,
      [username],
    );
  }

  /** Whether the camera of a stream URL is one of the account's. */
  async mayWatch(tx: Transaction, accountId: string, siteLabel: string, camera: string): Promise<boolean> {
    const row = await tx.one(
      `SELECT FROM stream_account_scope_status
        WHERE account_id = $1 AND site_label = $2 AND (camera IS NULL OR camera = $3) LIMIT 1`,
      [accountId, siteLabel, camera],
    );
    return row !== undefined;
  }

  /** The versions that hold now, by account; those that are revoked or over are missing. */
  async versions(tx: Transaction, accountIds: readonly string[]): Promise<Map<string, number>> {
    const rows = await tx.query<{ id: string; version: number }>(
      'SELECT id, version FROM stream_account_status WHERE id = ANY ($1::uuid[]) AND NOT revoked AND NOT expired',
      [accountIds],
    );
    return new Map(rows.map(({ id, version }) => [id, version]));
  }

  /** To the minute, unless the address is another one. */
  async noteUse(tx: Transaction, tenantId: string, accountId: string, address: string): Promise<void> {
    await tx.execute(
      `INSERT INTO stream_account_use (account_id, tenant_id, address) VALUES ($1, $2, $3)
       ON CONFLICT (account_id) DO UPDATE SET last_used_at = now(), address = excluded.address
        WHERE stream_account_use.tenant_id = $2
          AND (stream_account_use.last_used_at < now() - interval '1 minute' OR stream_account_use.address <> excluded.address)`,
      [accountId, tenantId, address],
    );
  }
}
