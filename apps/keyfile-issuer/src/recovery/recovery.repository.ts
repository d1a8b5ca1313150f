import type { RecoveryAgent, RecoveryState } from '@app/contracts';
import type { Transaction } from '@app/persistence';
import type { PresentedCertificate } from './presented-certificate.js';

export interface OpenMark {
  journal: 'merged' | 'absent';
}

export interface StoredRequest {
  agentId: string;
  tenantId: string;
  der: Buffer;
}

interface MarkRow {
  id: string;
  backup_taken_at: Date;
  restored_at: Date;
  journal: 'merged' | 'absent';
  closed_at: Date | null;
  closed_by: string | null;
  recovered: number;
  awaiting: number;
}

/** A signature under way while the backup was taken has its time before it. */
const SLACK = `interval '15 minutes'`;
const WAITING_SHOWN = 200;

/** Restores, and the agents that ask to be put back. System-wide unless a tenant is named. */
export class RecoveryRepository {
  /** An open restore whose lost time the certificate is from, and that is not past its own end. */
  openMark(tx: Transaction, { notBefore, notAfter }: PresentedCertificate): Promise<OpenMark | undefined> {
    return tx.one<OpenMark>(
      `SELECT journal FROM recovery WHERE closed_at IS NULL AND $1::timestamptz BETWEEN backup_taken_at - ${SLACK} AND restored_at
          AND $2::timestamptz > now() ORDER BY restored_at DESC LIMIT 1`,
      [notBefore, notAfter],
    );
  }

  async tenantOfAgent(tx: Transaction, agentId: string): Promise<string | undefined> {
    const sql = 'SELECT tenant_id AS "tenantId" FROM certificate_lookup WHERE agent_id = $1 LIMIT 1';
    return (await tx.one<{ tenantId: string }>(sql, [agentId]))?.tenantId;
  }

  /** Inside of that tenant. */
  async hasTenant(tx: Transaction, tenantId: string): Promise<boolean> {
    return (await tx.one('SELECT 1 AS found FROM tenant WHERE id = $1', [tenantId])) !== undefined;
  }

  findRequest(tx: Transaction, agentId: string, serial: string): Promise<StoredRequest | undefined> {
    return tx.one<StoredRequest>(
      `SELECT agent_id AS "agentId", tenant_id AS "tenantId", der FROM recovery_lookup WHERE agent_id = $1 AND serial = $2`,
      [agentId, serial],
    );
  }

  /** The first one stays as it is: another certificate by that serial would be none of ours. @returns true for the first one */
  async request(
    tx: Transaction,
    tenantId: string,
    { agentId, serial, der }: PresentedCertificate,
    asked: { siteId: string; siteLabel: string; peerAddress: string },
  ): Promise<boolean> {
    const row = await tx.one(
      `INSERT INTO recovery_request (agent_id, tenant_id, site_id, site_label, serial, der, peer_address)
       VALUES ($1, $2, $3, $4, $5, $6, $7)
       ON CONFLICT DO NOTHING RETURNING agent_id`,
      [agentId, tenantId, asked.siteId, asked.siteLabel, serial, der, asked.peerAddress],
    );
    return row !== undefined;
  }

  async approve(
    tx: Transaction,
    tenantId: string,
    { agentId, serial }: Pick<PresentedCertificate, 'agentId' | 'serial'>,
    by: string,
  ): Promise<void> {
    await tx.query(
      `UPDATE recovery_request SET approved_at = now(), approved_by = $4
        WHERE tenant_id = $1 AND agent_id = $2 AND serial = $3 AND approved_at IS NULL`,
      [tenantId, agentId, serial, by],
    );
  }

  /** @returns how many were open */
  async close(tx: Transaction, by: string): Promise<number> {
    const rows = await tx.query(
      'UPDATE recovery SET closed_at = now(), closed_by = $1 WHERE closed_at IS NULL RETURNING id',
      [by],
    );
    return rows.length;
  }

  async newest(tx: Transaction): Promise<RecoveryState | undefined> {
    const row = await tx.one<MarkRow>(
      `SELECT r.*, (SELECT count(*)::int FROM recovered_lookup c WHERE c.recovered_at >= r.restored_at) AS recovered,
              (SELECT count(*)::int FROM recovery_lookup WHERE approved_at IS NULL) AS awaiting
         FROM recovery r ORDER BY restored_at DESC, id LIMIT 1`,
    );
    if (row === undefined) return undefined;
    return {
      recoveryId: row.id,
      backupTakenAt: row.backup_taken_at.toISOString(),
      restoredAt: row.restored_at.toISOString(),
      journal: row.journal,
      closedAt: row.closed_at?.toISOString() ?? null,
      closedBy: row.closed_by,
      recovered: row.recovered,
      awaitingApproval: row.awaiting,
      waiting: await this.waiting(tx),
    };
  }

  private async waiting(tx: Transaction): Promise<RecoveryAgent[]> {
    const rows = await tx.query<Omit<RecoveryAgent, 'requestedAt'> & { requestedAt: Date }>(
      `SELECT agent_id AS "agentId", tenant_id AS "tenantId", site_id AS "siteId", site_label AS "siteLabel", serial,
              peer_address AS "peerAddress", requested_at AS "requestedAt"
         FROM recovery_lookup WHERE approved_at IS NULL ORDER BY requested_at, agent_id, serial LIMIT ${WAITING_SHOWN}`,
    );
    return rows.map((row) => ({ ...row, requestedAt: row.requestedAt.toISOString() }));
  }
}
