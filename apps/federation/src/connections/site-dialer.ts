import { mintDialTicket, pkiTrust } from '@app/contracts';
import { Database, type TunnelRoute, TunnelRouteRepository } from '@app/persistence';
import { CONFIG, MessageClient, readPrivateKey } from '@app/runtime';
import { TunnelDialer } from '@app/tunnel-dialer';
import { Inject, Injectable } from '@nestjs/common';
import type { FederationConfig } from '../config.js';
import type { Dial } from './directory-lane.js';

/** Opens sockets to directories, through a tunnel or directly, with this app's dial tickets. */
@Injectable()
export class SiteDialer {
  private readonly dialer: TunnelDialer;
  /** Filled with the first route to an ingress that speaks TLS. */
  private readonly ingressRoots: string[] = [];

  constructor(
    @Inject(CONFIG) private readonly config: FederationConfig,
    private readonly database: Database,
    private readonly routes: TunnelRouteRepository,
    private readonly messages: MessageClient,
  ) {
    const key = readPrivateKey(config.ADIT_SECRETS_DIR, 'ticket.jwk');
    this.dialer = new TunnelDialer({
      domain: config.ADIT_DOMAIN,
      direct: { allowCidrs: config.ADIT_DIRECT_ALLOW_CIDRS },
      ingressRoots: this.ingressRoots,
      routes: (tenantId, site) => this.route(tenantId, site),
      mint: (claims, brokerId) => mintDialTicket(claims, { issuer: 'federation', key }, brokerId),
    });
  }

  readonly dial: Dial = ({ tenantId, roleId, address }, lane, signal) =>
    this.dialer.dial({ tenantId, address, class: lane, user: `federation:${roleId}`, signal });

  /** A malformed tunnel name counts as tunnelled: it never becomes a direct dial. */
  isTunnelled(address: string): boolean {
    try {
      return this.dialer.isTunnelled(address);
    } catch {
      return true;
    }
  }

  private async route(tenantId: string, site: string): Promise<TunnelRoute | null> {
    const route = await this.database.inSystem((tx) => this.routes.find(tx, tenantId, site));
    if (route?.ingressTls === true && this.ingressRoots.length === 0) {
      this.ingressRoots.push(...(await this.messages.request(pkiTrust, {})).trust.roots);
    }
    return route ?? null;
  }

  get domain(): string {
    return this.config.ADIT_DOMAIN;
  }
}
