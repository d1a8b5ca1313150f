import type { Transaction } from '../transaction.js';

export interface OperatorLogin {
  id: string;
  tenantId: string;
  username: string;
  /** argon2id, in PHC form. */
  passwordHash: string;
  disabled: boolean;
}

export class OperatorRepository {
  /** Over all tenants, by the view `operator_login`; upper and lower case are the same name. */
  async findLogin(tx: Transaction, username: string): Promise<OperatorLogin | undefined> {
    return tx.one<OperatorLogin>(
      `SELECT id, tenant_id AS "tenantId", username, password_hash AS "passwordHash", disabled_at IS NOT NULL AS disabled
         FROM operator_login WHERE lower(username) = lower($1)`,
      [username],
    );
  }

  /** Over all tenants. */
  async exists(tx: Transaction): Promise<boolean> {
    const row = await tx.one<{ found: boolean }>('SELECT EXISTS (SELECT FROM operator_login) AS found');
    return row?.found ?? false;
  }

  /** @returns undefined when the name is taken */
  async insert(
    tx: Transaction,
    tenantId: string,
    operator: { username: string; passwordHash: string },
  ): Promise<string | undefined> {
    const row = await tx.one<{ id: string }>(
      'INSERT INTO operator (tenant_id, username, password_hash) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING id',
      [tenantId, operator.username, operator.passwordHash],
    );
    return row?.id;
  }
}
