import type { Database } from '@app/persistence';
import type { ApiRequest } from '../http/request.js';

const LONGEST_PATH = 200;

/** Writes down that somebody who is signed in was refused; the query stays out. */
export const auditRefusal = async (
  database: Database,
  { caller, method, path }: ApiRequest,
  details: Record<string, unknown>,
): Promise<void> => {
  if (!caller) return;
  await database.inTenant(caller.tenantId, (tx) =>
    tx.audit(caller.tenantId, {
      actor: caller.actor,
      action: 'access.refused',
      subject: caller.operatorId,
      details: { method, path: path.slice(0, LONGEST_PATH), ...details },
    }),
  );
};
