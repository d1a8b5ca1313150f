import type { Transaction } from '../transaction.js';

/** A site that is not any more as it was last told to be, for long enough. */
export interface PresenceChange {
  siteId: string;
  label: string;
  name: string;
  to: 'online' | 'offline';
  since: Date;
  closeReason: string | null;
  /** How long ago it became due, in seconds. */
  dueSeconds: number;
  /** It has changed often of late, and had to hold out longer for this. */
  flapping: boolean;
}

/** Changes within an hour that a site has free; each further one doubles how long the next has to last. */
const FREE_CHANGES = 2;
const LONGEST_GRACE_SECONDS = 900;

const GRACE = `CASE WHEN told_at > now() - interval '1 hour' AND flaps > ${FREE_CHANGES}
  THEN greatest($1::float8, least($1::float8 * 2 ^ (flaps - ${FREE_CHANGES}), ${LONGEST_GRACE_SECONDS})) ELSE $1::float8 END`;

const DUE = `(CASE WHEN up THEN 'online' ELSE 'offline' END IS DISTINCT FROM told AND (told IS NOT NULL OR up)
  AND since <= now() - make_interval(secs => ${GRACE}))`;

/** Which sites are there by what was told, and by what is. */
export class SitePresenceRepository {
  /** System-wide: tenants with changes that are due. */
  async tenantsWithDue(tx: Transaction, graceSeconds: number): Promise<string[]> {
    const rows = await tx.query<{ tenant_id: string }>(
      `SELECT DISTINCT tenant_id FROM site_presence_feed WHERE ${DUE}`,
      [graceSeconds],
    );
    return rows.map((row) => row.tenant_id);
  }

  /** Until the end of the transaction nobody else decides for the tenant. @returns false when somebody does already */
  async lock(tx: Transaction, tenantId: string): Promise<boolean> {
    const row = await tx.one<{ locked: boolean }>(
      'SELECT pg_try_advisory_xact_lock(hashtextextended($1, 5502)) AS locked',
      [tenantId],
    );
    return row?.locked ?? false;
  }

  /** Longest due first. */
  async due(tx: Transaction, tenantId: string, graceSeconds: number): Promise<PresenceChange[]> {
    return tx.query<PresenceChange>(
      `SELECT site_id AS "siteId", label, name, CASE WHEN up THEN 'online' ELSE 'offline' END AS to, since,
              CASE WHEN NOT up THEN close_reason END AS "closeReason",
              extract(epoch FROM now() - since - make_interval(secs => ${GRACE}))::float8 AS "dueSeconds",
              coalesce(told_at > now() - interval '1 hour' AND flaps > ${FREE_CHANGES}, false) AS flapping
         FROM site_presence_feed WHERE tenant_id = $2 AND ${DUE} ORDER BY "dueSeconds" DESC, site_id`,
      [graceSeconds, tenantId],
    );
  }

  async told(
    tx: Transaction,
    tenantId: string,
    siteIds: readonly string[],
    state: 'online' | 'offline',
  ): Promise<void> {
    await tx.execute(
      `INSERT INTO site_presence AS p (site_id, tenant_id, told) SELECT id, $1, $3 FROM unnest($2::uuid[]) id
       ON CONFLICT (site_id) DO UPDATE SET told = $3, told_at = now(),
         flaps = CASE WHEN p.told_at > now() - interval '1 hour' THEN least(p.flaps + 1, 20) ELSE 0 END`,
      [tenantId, siteIds, state],
    );
  }

  /** System-wide. */
  async counts(tx: Transaction): Promise<{ told: 'online' | 'offline'; sites: number }[]> {
    return tx.query('SELECT told, sites FROM site_presence_status');
  }
}
