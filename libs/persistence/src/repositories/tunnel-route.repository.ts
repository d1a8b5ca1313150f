import type { Transaction } from '../transaction.js';

/** How a dialer reaches a site: the broker that holds its newest session. */
export interface TunnelRoute {
  brokerId: string;
  /** `host:port` of the broker's dial ingress. */
  ingress: string;
  ingressTls: boolean;
  siteId: string;
  sessionId: string;
  draining: boolean;
}

interface Stored {
  broker_id: string;
  ingress: string;
  ingress_tls: boolean;
  site_id: string;
  session_id: string;
  draining: boolean;
}

/** System-wide, by the view `tunnel_route`; the tenant is the caller's to prove. */
export class TunnelRouteRepository {
  /** Undefined: the site is offline. */
  async find(tx: Transaction, tenantId: string, siteLabel: string): Promise<TunnelRoute | undefined> {
    const row = await tx.one<Stored>(
      `SELECT broker_id, ingress, ingress_tls, site_id, session_id, draining FROM tunnel_route
        WHERE tenant_id = $1 AND site_label = $2 ORDER BY draining, epoch DESC LIMIT 1`,
      [tenantId, siteLabel],
    );
    return (
      row && {
        brokerId: row.broker_id,
        ingress: row.ingress,
        ingressTls: row.ingress_tls,
        siteId: row.site_id,
        sessionId: row.session_id,
        draining: row.draining,
      }
    );
  }
}
