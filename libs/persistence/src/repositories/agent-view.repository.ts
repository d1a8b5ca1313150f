import { type Page, pageOf, type PageRequest } from '../cursor.js';
import type { Transaction } from '../transaction.js';

export interface AgentViewRow {
  agentId: string;
  siteId: string;
  siteLabel: string;
  state: 'pending' | 'active' | 'locked' | 'revoked';
  createdAt: Date;
  activatedAt: Date | null;
  lockedAt: Date | null;
  lockReason: string | null;
  revokedAt: Date | null;
  /** Of the current certificate; null when there is none. */
  certificateSerial: string | null;
  certificateNotAfter: Date | null;
  certificateExpired: boolean | null;
  /** At the newest session. */
  clockSkewMs: number | null;
  agentVersion: string | null;
  lastSeenAt: Date | null;
}

export interface CertificateViewRow {
  serial: string;
  generation: number;
  state: 'pending' | 'current' | 'superseded' | 'revoked';
  renews: string | null;
  notBefore: Date;
  notAfter: Date;
  createdAt: Date;
  activatedAt: Date | null;
  supersededAt: Date | null;
  revokedAt: Date | null;
}

export interface AgentFilter {
  siteId?: string | undefined;
  state?: string | undefined;
}

type Row<T> = T & { cursor_at: string; cursor_id: string };

const SELECT = `
  SELECT a.id AS "agentId", a.site_id AS "siteId", s.label AS "siteLabel", a.state, a.created_at AS "createdAt",
         a.activated_at AS "activatedAt", a.locked_at AS "lockedAt", a.lock_reason AS "lockReason", a.revoked_at AS "revokedAt",
         c.serial AS "certificateSerial", c.not_after AS "certificateNotAfter", c.not_after <= now() AS "certificateExpired",
         t.clock_skew_ms AS "clockSkewMs", t.agent_version AS "agentVersion", t.last_seen_at AS "lastSeenAt",
         a.created_at::text AS cursor_at, a.id AS cursor_id
    FROM agent a JOIN site s ON s.id = a.site_id
    LEFT JOIN certificate c ON c.agent_id = a.id AND c.state = 'current'
    LEFT JOIN LATERAL (SELECT n.clock_skew_ms, n.agent_version, n.last_seen_at FROM tunnel_session n
       WHERE n.agent_id = a.id ORDER BY n.opened_at DESC LIMIT 1) t ON true`;

const withoutCursor = <T>({
  cursor_at: _at,
  cursor_id: _id,
  ...row
}: Row<T>): Omit<Row<T>, 'cursor_at' | 'cursor_id'> => row;

/** Reads what the issuer and the brokers write; writes nothing. */
export class AgentViewRepository {
  /** Oldest first. */
  async list(
    tx: Transaction,
    tenantId: string,
    { siteId, state }: AgentFilter,
    { limit, cursor }: PageRequest,
  ): Promise<Page<AgentViewRow>> {
    const rows = await tx.query<Row<AgentViewRow>>(
      `${SELECT}
        WHERE a.tenant_id = $1 AND ($2::uuid IS NULL OR a.site_id = $2) AND ($3::text IS NULL OR a.state = $3)
          AND ($4::timestamptz IS NULL OR (a.created_at, a.id) > ($4::timestamptz, $5::uuid))
        ORDER BY a.created_at, a.id LIMIT $6`,
      [tenantId, siteId, state, cursor?.at, cursor?.id, limit + 1],
    );
    return pageOf(rows, limit, withoutCursor);
  }

  async find(tx: Transaction, tenantId: string, agentId: string): Promise<AgentViewRow | undefined> {
    const row = await tx.one<Row<AgentViewRow>>(`${SELECT} WHERE a.tenant_id = $1 AND a.id = $2`, [tenantId, agentId]);
    return row && withoutCursor(row);
  }

  /** Newest first; the cursor's id is the agent's, since a serial is none. */
  async certificates(
    tx: Transaction,
    tenantId: string,
    agentId: string,
    { limit, cursor }: PageRequest,
  ): Promise<Page<CertificateViewRow>> {
    const rows = await tx.query<Row<CertificateViewRow>>(
      `SELECT serial, generation, state, renews, not_before AS "notBefore", not_after AS "notAfter", created_at AS "createdAt",
              activated_at AS "activatedAt", superseded_at AS "supersededAt", revoked_at AS "revokedAt",
              created_at::text AS cursor_at, agent_id AS cursor_id
         FROM certificate WHERE tenant_id = $1 AND agent_id = $2 AND ($3::timestamptz IS NULL OR created_at < $3::timestamptz)
        ORDER BY created_at DESC, generation DESC LIMIT $4`,
      [tenantId, agentId, cursor?.at, limit + 1],
    );
    return pageOf(rows, limit, withoutCursor);
  }
}
