import type { Transaction } from '../transaction.js';

export interface NewTunnelSession {
  id: string;
  tenantId: string;
  siteId: string;
  agentId: string;
  brokerId: string;
  /** Of the agent's process. */
  instanceId: string;
  certificateSerial: string;
  remoteAddress: string;
  agentVersion: string;
  platform: string;
  /** The agent's wall clock minus ours. */
  clockSkewMs: number;
}

/** Liveness of one session. */
export interface SessionPulse {
  id: string;
  rttMs: number | null;
}

/** The open sessions of all agents and their history. Every call runs in the session's tenant unless it says otherwise. */
export class TunnelSessionRepository {
  /**
   * Opens a row and ends every older open one of the agent, here and at other brokers; those learn it by the
   * notification `tunnel_superseded` with the session's id. What drains at another broker and belongs to the same process
   * of the agent is left to finish: `tunnel_moved`. Openings of one agent queue, whichever broker they are at.
   * @returns ids of what was ended
   */
  async open(tx: Transaction, session: NewTunnelSession): Promise<string[]> {
    const { id, agentId, brokerId, instanceId } = session;
    // Two that do not see each other yet would both stay open.
    await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended($1, 5500))`, [agentId]);
    const here = await tx.query<{ id: string }>(
      `UPDATE tunnel_session SET closed_at = now(), close_reason = CASE WHEN instance_id = $3 THEN 'reconnected' ELSE 'superseded' END
        WHERE agent_id = $1 AND broker_id = $2 AND closed_at IS NULL RETURNING id`,
      [agentId, brokerId, instanceId],
    );
    await this.insert(tx, session);
    const elsewhere = await tx.query<{ session_id: string; moved: boolean }>(
      'SELECT session_id, moved FROM supersede_sessions($1, $2)',
      [agentId, id],
    );
    for (const { session_id } of elsewhere.filter(({ moved }) => moved)) await tx.notify('tunnel_moved', session_id);
    const ended = [
      ...here.map((row) => row.id),
      ...elsewhere.filter(({ moved }) => !moved).map((row) => row.session_id),
    ];
    for (const sessionId of ended) await tx.notify('tunnel_superseded', sessionId);
    return ended;
  }

  /**
   * Whether this process was superseded by another one that is still connected: two copies of one identity run. The
   * incumbent stays, else both would throw each other out for ever. One whose line is lost is not seen for as long as it may
   * be resumed, 30 s, and the last sight of it was 15 s before that at most.
   */
  async isClone(tx: Transaction, agentId: string, instanceId: string): Promise<boolean> {
    const row = await tx.one<{ clone: boolean }>(
      `SELECT EXISTS (SELECT FROM tunnel_session WHERE agent_id = $1 AND instance_id = $2 AND close_reason = 'superseded'
                         AND closed_at > now() - interval '1 day')
          AND EXISTS (SELECT FROM tunnel_session t JOIN broker b ON b.id = t.broker_id
                       WHERE t.agent_id = $1 AND t.instance_id <> $2 AND t.closed_at IS NULL AND b.state <> 'stopped'
                         AND b.heartbeat_at > now() - interval '15 seconds'
                         AND t.last_seen_at > now() - interval '45 seconds') AS clone`,
      [agentId, instanceId],
    );
    return row?.clone ?? false;
  }

  /** The certificate by which it goes on. */
  async setCertificate(tx: Transaction, id: string, serial: string): Promise<void> {
    await tx.execute('UPDATE tunnel_session SET certificate_serial = $2 WHERE id = $1', [id, serial]);
  }

  /** Keeps the first reason. `secondsAgo`: how long the close had to wait for the database. */
  async close(tx: Transaction, id: string, reason: string, secondsAgo = 0): Promise<void> {
    await tx.execute(
      `UPDATE tunnel_session SET closed_at = greatest(opened_at, now() - make_interval(secs => $3)), close_reason = $2
        WHERE id = $1 AND closed_at IS NULL`,
      [id, reason, secondsAgo],
    );
  }

  /**
   * Notes that sessions of this broker live. A row that was given up as `broker-lost` while the database was away opens
   * again, unless the agent has moved on since; from a broker that drains, its own process may have.
   * @returns ids that are open; the others were ended by somebody else
   */
  async pulse(tx: Transaction, brokerId: string, pulses: readonly SessionPulse[]): Promise<string[]> {
    const rows = await tx.query<{ id: string }>(
      `UPDATE tunnel_session t SET last_seen_at = now(), rtt_ms = v.rtt, closed_at = NULL, close_reason = NULL
         FROM jsonb_to_recordset($2::jsonb) AS v(id uuid, rtt real)
        WHERE t.id = v.id AND t.broker_id = $1 AND (t.closed_at IS NULL OR (t.close_reason = 'broker-lost'
              AND NOT EXISTS (SELECT FROM tunnel_session n WHERE n.agent_id = t.agent_id AND n.epoch > t.epoch
                AND (n.instance_id <> t.instance_id OR (SELECT state FROM broker WHERE id = $1) <> 'draining'))))
       RETURNING t.id`,
      [brokerId, JSON.stringify(pulses.map(({ id, rttMs }) => ({ id, rtt: rttMs })))],
    );
    return rows.map((row) => row.id);
  }

  /** @returns those of `ids` that have a row, whatever its state */
  async known(tx: Transaction, ids: readonly string[]): Promise<string[]> {
    const rows = await tx.query<{ id: string }>('SELECT id FROM tunnel_session WHERE id = ANY ($1::uuid[])', [ids]);
    return rows.map((row) => row.id);
  }

  /** System-wide: ends what brokers without a heartbeat left open. @returns how many */
  async closeStale(tx: Transaction): Promise<number> {
    const row = await tx.one<{ closed: number }>('SELECT close_stale_sessions() AS closed');
    return row?.closed ?? 0;
  }

  /** System-wide: sessions that ended longer ago than that, but the newest of each site. @returns how many */
  async prune(tx: Transaction, days: number, most: number): Promise<number> {
    const row = await tx.one<{ pruned: number }>('SELECT prune_sessions($1, $2) AS pruned', [days, most]);
    return row?.pruned ?? 0;
  }

  private async insert(tx: Transaction, session: NewTunnelSession): Promise<void> {
    await tx.execute(
      `INSERT INTO tunnel_session (id, tenant_id, site_id, agent_id, broker_id, instance_id, certificate_serial,
         remote_address, agent_version, platform, clock_skew_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
      [
        session.id,
        session.tenantId,
        session.siteId,
        session.agentId,
        session.brokerId,
        session.instanceId,
        session.certificateSerial,
        session.remoteAddress,
        session.agentVersion,
        session.platform,
        session.clockSkewMs,
      ],
    );
  }
}
