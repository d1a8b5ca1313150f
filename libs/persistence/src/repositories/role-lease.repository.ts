import type { Transaction } from '../transaction.js';

/** A role that a process runs. */
export interface RoleLease {
  role_id: string;
  tenant_id: string;
  site_id: string;
  lease_generation: number;
  state: string;
  state_reason: string | null;
}

/** Numbers of roles, after a round. */
export interface RoleShare {
  held: number;
  /** What one process should run. */
  share: number;
  /** Processes, this one included. */
  alive: number;
}

/** Which process of federation runs which role; of all tenants, by the database's clock. Without a heartbeat for 5 s a process is dead. */
export class RoleLeaseRepository {
  /** A round: takes what this process lacks of its share, and tells that it lives. */
  async claim(tx: Transaction, replicaId: string): Promise<RoleShare> {
    const share = await tx.one<RoleShare>('SELECT held, share, alive FROM claim_roles($1)', [replicaId]);
    await tx.execute(
      'INSERT INTO federation_replica (id) VALUES ($1) ON CONFLICT (id) DO UPDATE SET heartbeat_at = now()',
      [replicaId],
    );
    return share ?? { held: 0, share: 0, alive: 1 };
  }

  held(tx: Transaction, replicaId: string): Promise<RoleLease[]> {
    return tx.query<RoleLease>(
      `SELECT role_id, tenant_id, site_id, lease_generation, state, state_reason FROM role_lease_status
        WHERE replica_id = $1 ORDER BY role_id`,
      [replicaId],
    );
  }

  /** Others may take these. */
  async release(tx: Transaction, replicaId: string, roleIds: readonly string[]): Promise<void> {
    await tx.query('SELECT release_roles($1, $2::uuid[])', [replicaId, roleIds]);
  }

  /** From now on the process counts no more, and takes nothing. */
  async announceLeaving(tx: Transaction, replicaId: string): Promise<void> {
    await tx.execute('UPDATE federation_replica SET leaving = true WHERE id = $1', [replicaId]);
  }

  /** Everything that the process has, and itself. */
  async leave(tx: Transaction, replicaId: string): Promise<void> {
    await tx.query('SELECT release_roles($1, NULL)', [replicaId]);
    await tx.execute('DELETE FROM federation_replica WHERE id = $1', [replicaId]);
  }

  /** Rows of processes that died long ago. */
  async forgetDead(tx: Transaction): Promise<void> {
    await tx.execute(`DELETE FROM federation_replica WHERE heartbeat_at < now() - interval '1 day'`);
  }
}
