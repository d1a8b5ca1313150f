import type { MissingAgent } from '@app/contracts';
import { pageOf, type Page, type PageRequest, type Transaction } from '@app/persistence';

/** What a step asks of the agents: the newest list of roots, and a certificate of this CA (PEM). */
export interface FleetTarget {
  bundleVersion: number;
  agentCa: string;
}

interface MissingRow extends Omit<MissingAgent, 'seenAt'> {
  seenAt: Date;
  cursor_at: string;
  cursor_id: string;
}

/** An agent that was not seen for this long holds up nothing; it needs a new keyfile when it comes back. */
const SEEN = `seen_at > now() - interval '30 days'`;
/** A keyfile that is being issued while the CAs change is counted to the tree of before. */
const ISSUING_MARGIN = `interval '10 seconds'`;

/** Who a step of the rotation would cut off: agents, brokers and keyfiles of every tenant. */
export class FleetRepository {
  async countAgents(
    tx: Transaction,
    { bundleVersion, agentCa }: FleetTarget,
  ): Promise<{ seen: number; acknowledged: number; onIssuingCa: number }> {
    const row = await tx.one<{ seen: number; acknowledged: number; onIssuingCa: number }>(
      `SELECT count(*)::integer AS seen, (count(*) FILTER (WHERE bundle_version >= $1))::integer AS acknowledged,
              (count(*) FILTER (WHERE starts_with(issuer_chain, $2)))::integer AS "onIssuingCa"
         FROM authority_agent_status WHERE ${SEEN}`,
      [bundleVersion, agentCa],
    );
    return row ?? { seen: 0, acknowledged: 0, onIssuingCa: 0 };
  }

  /** Oldest enrolment first. */
  async missing(tx: Transaction, target: FleetTarget, { limit, cursor }: PageRequest): Promise<Page<MissingAgent>> {
    const rows = await tx.query<MissingRow>(
      `SELECT tenant_id AS "tenantId", site_id AS "siteId", site_label AS "siteLabel", site_name AS "siteName",
              agent_id AS "agentId", seen_at AS "seenAt", bundle_version AS "bundleVersion",
              NOT starts_with(issuer_chain, $2) AS "otherCa", enrolled_at::text AS cursor_at, agent_id AS cursor_id
         FROM authority_agent_status
        WHERE ${SEEN} AND (bundle_version < $1 OR NOT starts_with(issuer_chain, $2))
          AND ($3::timestamptz IS NULL OR (enrolled_at, agent_id) > ($3::timestamptz, $4::uuid))
        ORDER BY enrolled_at, agent_id LIMIT $5`,
      [target.bundleVersion, target.agentCa, cursor?.at ?? null, cursor?.id ?? null, limit + 1],
    );
    return pageOf(rows, limit, ({ cursor_at: _at, cursor_id: _id, seenAt, ...row }) => ({
      ...row,
      seenAt: seenAt.toISOString(),
    }));
  }

  /** Keyfiles that were not used and are of this tree. */
  async countKeyfiles(tx: Transaction, generation: number): Promise<number> {
    const row = await tx.one<{ open: number }>(
      `SELECT count(*)::integer AS open FROM authority_keyfile_status k JOIN ca_generation g ON g.generation = $1
        WHERE k.issued_at >= g.activated_at AND (g.deactivated_at IS NULL OR k.issued_at <= g.deactivated_at + ${ISSUING_MARGIN})`,
      [generation],
    );
    return row?.open ?? 0;
  }

  async countBrokers(tx: Transaction, revision: number): Promise<{ alive: number; current: number }> {
    const row = await tx.one<{ alive: number; current: number }>(
      `SELECT count(*)::integer AS alive, (count(*) FILTER (WHERE authority_revision >= $1))::integer AS current
         FROM broker WHERE state <> 'stopped' AND heartbeat_at > now() - interval '15 seconds'`,
      [revision],
    );
    return row ?? { alive: 0, current: 0 };
  }

  /** Keeps the newest version of each agent; one that is not the tenant's is left out. @returns agents that had an older one */
  async acknowledge(
    tx: Transaction,
    tenantId: string,
    agentIds: readonly string[],
    bundleVersion: number,
  ): Promise<string[]> {
    const rows = await tx.query<{ agentId: string }>(
      `INSERT INTO trust_acknowledgement (agent_id, tenant_id, bundle_version)
         SELECT id, tenant_id, $3 FROM agent WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) ORDER BY id
       ON CONFLICT (agent_id) DO UPDATE SET bundle_version = excluded.bundle_version, acknowledged_at = now()
         WHERE trust_acknowledgement.bundle_version < excluded.bundle_version
       RETURNING agent_id AS "agentId"`,
      [tenantId, agentIds, bundleVersion],
    );
    return rows.map(({ agentId }) => agentId);
  }
}
