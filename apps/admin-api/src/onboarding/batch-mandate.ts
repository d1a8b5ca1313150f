import { OnboardingRepository, OnboardingRowRepository, type Transaction } from '@app/persistence';
import { Inject, Injectable } from '@nestjs/common';
import type { Permission } from '../access/permission.js';
import { permissionsOf } from '../access/role.js';

/** What it takes to start a batch, and for each of its rows. */
export const BATCH_PERMISSIONS: readonly [Permission, ...Permission[]] = ['keyfiles:issue', 'sites:write'];

/** A batch works in the name of who started it, and only as long as he may. */
@Injectable()
export class BatchMandate {
  constructor(
    @Inject(OnboardingRepository) private readonly onboardings: OnboardingRepository,
    @Inject(OnboardingRowRepository) private readonly rows: OnboardingRowRepository,
  ) {}

  /**
   * Holds no lock: who disables the operator waits for the rows under way.
   * @param actor who started the batch
   */
  async holds(tx: Transaction, tenantId: string, actor: string): Promise<boolean> {
    const roles = await this.onboardings.starterRoles(tx, tenantId, actor);
    const permissions = permissionsOf(roles ?? [], tenantId);
    return BATCH_PERMISSIONS.every((permission) => permissions.has(permission));
  }

  /** One whose starter may not go on. */
  async withdraw(tx: Transaction, tenantId: string, id: string): Promise<void> {
    await this.cancel(tx, tenantId, [id], 'system');
  }

  /** All batches of an operator that run. @returns how many */
  withdrawAll(tx: Transaction, tenantId: string, username: string, by: string): Promise<number> {
    return this.onboardings.runningOf(tx, tenantId, username).then((ids) => this.cancel(tx, tenantId, ids, by));
  }

  /** The audit comes last: the issuer appends to it while a row that this waits for is under way. */
  private async cancel(tx: Transaction, tenantId: string, ids: readonly string[], actor: string): Promise<number> {
    const undone = new Map<string, number>();
    for (const id of ids) undone.set(id, await this.rows.cancel(tx, tenantId, id));
    for (const [id, count] of undone) {
      if (!(await this.onboardings.finish(tx, tenantId, id, { state: 'cancelled', by: actor }))) continue;
      const details = { undone: count, reason: 'starter-may-not' };
      await tx.audit(tenantId, { actor, action: 'onboarding.cancelled', subject: id, details });
    }
    return ids.length;
  }
}
