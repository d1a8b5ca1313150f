import { DomainError } from '@app/contracts';
import type { Database, OperatorRow } from '@app/persistence';
import type { Permission } from '../access/permission.js';
import { beyond, permissionsOf } from '../access/role.js';
import type { Caller } from '../http/request.js';

/** Nobody gives a role, or rules over an operator, with permissions that he lacks himself: he could act by that one. */
export const missingFor = (caller: Caller, roles: readonly string[]): Permission[] => beyond(caller, roles);

export const outranked = (missing: readonly Permission[]): DomainError =>
  new DomainError(
    'forbidden',
    `the permission ${missing.join(', ')} is needed, which these roles have and you have not`,
  );

/**
 * Looks again at who asks, once nobody else changes roles: he may have lost them since the request came in.
 * @param row of the caller, as it is now
 */
export const refuseDemoted = (row: OperatorRow | undefined, { tenantId }: Caller): void => {
  const manages = row?.disabledAt === null && permissionsOf(row.roles, tenantId).has('operators:write');
  if (!manages) throw new DomainError('forbidden', 'you were disabled or lost the permission operators:write just now');
};

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
