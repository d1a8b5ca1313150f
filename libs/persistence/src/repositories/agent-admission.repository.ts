import type { Transaction } from '../transaction.js';

/** How long the certificate before the current one is still good: connections of both may be on their way. */
export const SUPERSEDED_GRACE = '10 minutes';

/** What a broker has to know about the holder of a certificate; judged by the database's clock. */
export interface AgentAdmission {
  serial: string;
  certificateState: 'pending' | 'current' | 'superseded' | 'revoked';
  /** Past notAfter. */
  expired: boolean;
  /** Superseded less than 10 minutes ago. */
  inGrace: boolean;
  notAfter: Date;
  agentId: string;
  agentState: 'pending' | 'active' | 'locked' | 'revoked';
  tenantId: string;
  siteId: string;
  siteLabel: string;
  siteName: string;
}

export type Standing = Pick<AgentAdmission, 'serial' | 'certificateState' | 'agentState'>;

interface Stored {
  serial: string;
  certificate_state: AgentAdmission['certificateState'];
  expired: boolean;
  in_grace: boolean;
  not_after: Date;
  agent_id: string;
  agent_state: AgentAdmission['agentState'];
  tenant_id: string;
  site_id: string;
  site_label: string;
  site_name: string;
}

/** System-wide, by the view `agent_admission`. */
export class AgentAdmissionRepository {
  /** @param serial lower-case hex */
  async find(tx: Transaction, serial: string): Promise<AgentAdmission | undefined> {
    const row = await tx.one<Stored>(
      `SELECT *, certificate_state = 'superseded' AND superseded_at > now() - interval '${SUPERSEDED_GRACE}' AS in_grace
         FROM agent_admission WHERE serial = $1`,
      [serial],
    );
    return row && toAdmission(row);
  }

  /** How certificates and their agents stand now; those that are not on record are not there. @param serials lower-case hex */
  async standings(tx: Transaction, serials: readonly string[]): Promise<Standing[]> {
    return tx.query<Standing>(
      `SELECT serial, certificate_state AS "certificateState", agent_state AS "agentState"
         FROM agent_admission WHERE serial = ANY ($1::text[])`,
      [serials],
    );
  }

  /** Whether a site of that tenant and label was ever enrolled. */
  async knowsSite(tx: Transaction, tenantId: string, siteLabel: string): Promise<boolean> {
    const row = await tx.one<{ known: boolean }>(
      'SELECT EXISTS (SELECT FROM agent_admission WHERE tenant_id = $1 AND site_label = $2) AS known',
      [tenantId, siteLabel],
    );
    return row?.known ?? false;
  }
}

const toAdmission = (row: Stored): AgentAdmission => ({
  serial: row.serial,
  certificateState: row.certificate_state,
  expired: row.expired,
  inGrace: row.in_grace,
  notAfter: row.not_after,
  agentId: row.agent_id,
  agentState: row.agent_state,
  tenantId: row.tenant_id,
  siteId: row.site_id,
  siteLabel: row.site_label,
  siteName: row.site_name,
});
