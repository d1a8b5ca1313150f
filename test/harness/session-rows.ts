import { randomUUID } from 'node:crypto';
import { DEFAULT_TENANT_ID } from '@app/persistence';

type Query = <Row extends object>(text: string, values?: unknown[]) => Promise<Row[]>;

export interface RowSite {
  siteId: string;
  agentId: string;
  label: string;
}

/** Tunnels as the table has them, without any: the history and the fate of many sites in no time. Written as the owner. */
export class SessionRows {
  private constructor(
    private readonly query: Query,
    readonly brokerId: string,
  ) {}

  static async open(query: Query): Promise<SessionRows> {
    const brokerId = randomUUID();
    await query(`INSERT INTO broker (id, ingress) VALUES ($1, '127.0.0.1:1')`, [brokerId]);
    return new SessionRows(query, brokerId);
  }

  async site(label: string, madeDaysAgo = 100): Promise<RowSite> {
    const [row] = await this.query<RowSite>(
      `WITH t AS (SELECT set_config('adit.tenant', $1, false)),
            s AS (INSERT INTO site (tenant_id, name, label, created_at)
                  SELECT $1::uuid, upper($2), $2, now() - make_interval(days => $3) FROM t RETURNING id, label)
       INSERT INTO agent (id, tenant_id, site_id) SELECT gen_random_uuid(), $1::uuid, id FROM s
       RETURNING id AS "agentId", site_id AS "siteId", $2 AS label`,
      [DEFAULT_TENANT_ID, label, madeDaysAgo],
    );
    if (!row) throw new Error('no site');
    return row;
  }

  /** A session that was open between these seconds ago; without an end it is open. */
  async session({ siteId, agentId }: RowSite, fromAgo: number, toAgo?: number, reason = 'test'): Promise<void> {
    await this.query(
      `INSERT INTO tunnel_session (id, tenant_id, site_id, agent_id, broker_id, instance_id, certificate_serial, remote_address,
         agent_version, platform, opened_at, closed_at, close_reason)
       VALUES ($1, $2, $3, $4, $5, 'x', '01', '192.0.2.1:1', '0.1.0', 'test', now() - make_interval(secs => $6),
         now() - make_interval(secs => $7), CASE WHEN $7::float8 IS NULL THEN NULL ELSE $8 END)`,
      [randomUUID(), DEFAULT_TENANT_ID, siteId, agentId, this.brokerId, fromAgo, toAgo ?? null, reason],
    );
  }

  /** Broker and open sessions live for as long as a test takes. */
  async live(): Promise<void> {
    const soon = `now() + interval '1 hour'`;
    await this.query(`UPDATE broker SET state = 'serving', heartbeat_at = ${soon} WHERE id = $1`, [this.brokerId]);
    await this.query(`UPDATE tunnel_session SET last_seen_at = ${soon} WHERE broker_id = $1`, [this.brokerId]);
  }

  /** The broker dies, and with it the tunnels. */
  async die(): Promise<void> {
    await this.query(`UPDATE broker SET heartbeat_at = now() - interval '16 seconds' WHERE id = $1`, [this.brokerId]);
  }

  async up(site: RowSite): Promise<void> {
    await this.session(site, 0);
    await this.live();
  }

  async down({ siteId }: RowSite, reason = 'peer-silent'): Promise<void> {
    await this.query(
      `UPDATE tunnel_session SET closed_at = now(), close_reason = $2 WHERE site_id = $1 AND closed_at IS NULL`,
      [siteId, reason],
    );
  }
}
