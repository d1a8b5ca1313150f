import { hash } from 'argon2';
import { randomBytes, randomUUID } from 'node:crypto';
import { Rest } from '../../tools/demo/rest.mjs';
import type { Platform } from './platform.js';

/** A second tenant with an operator of its own, signed in. */
export const otherTenant = async (
  platform: Platform,
  tenantId: string = randomUUID(),
): Promise<{ tenantId: string; rest: Rest }> => {
  const password = randomBytes(18).toString('base64url');
  const username = `stranger-${tenantId.slice(0, 8)}`;
  await platform.query(`INSERT INTO tenant (id, name) VALUES ($1, 'Other')`, [tenantId]);
  await platform.query(
    `WITH tenant AS (SELECT set_config('adit.tenant', $1, false))
     INSERT INTO operator (tenant_id, username, password_hash, roles)
       SELECT $1::uuid, $2, $3, '{administrator,security-officer}' FROM tenant`,
    [tenantId, username, await hash(password, { memoryCost: 8_192, timeCost: 2 })],
  );
  return { tenantId, rest: await new Rest(platform.api).signIn(username, password) };
};
