import { DomainError } from '@app/contracts';
import type { Database } from '@app/persistence';
import type { Permission } from '../access/permission.js';
import { beyond } from '../access/role.js';
import type { Caller } from '../http/request.js';

/** Nobody gives a role, or rules over an operator, with permissions that he lacks himself: he could act by that one. */
export const missingFor = ({ permissions, tenantId }: Caller, roles: readonly string[]): Permission[] =>
  beyond(permissions, roles, tenantId);

export const outranked = (missing: readonly Permission[]): DomainError =>
  new DomainError(
    'forbidden',
    `the permission ${missing.join(', ')} is needed, which these roles have and you have not`,
  );

/** @param subject the operator it was about, or the name of one to be */
export const auditOutranked = (
  database: Database,
  { tenantId, actor }: Caller,
  subject: string,
  missing: readonly Permission[],
): Promise<void> =>
  database.inTenant(tenantId, (tx) =>
    tx.audit(tenantId, { actor, action: 'operator.refused', subject, details: { missing } }),
  );
