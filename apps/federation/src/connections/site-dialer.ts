import { mintDialTicket, pkiTrust } from '@app/contracts';
import { Database, TunnelRouteRepository } from '@app/persistence';
import { CONFIG, MessageClient, readPrivateKey } from '@app/runtime';
import { TunnelDialer } from '@app/tunnel-dialer';
import { Inject, Injectable } from '@nestjs/common';
import type { FederationConfig } from '../config.js';
import type { Dial } from './directory-lane.js';

/** Opens sockets to directories, through a tunnel or directly, with this app's dial tickets. */
@Injectable()
export class SiteDialer {
  private readonly dialer: TunnelDialer;

  constructor(
    @Inject(CONFIG) private readonly config: FederationConfig,
    database: Database,
    routes: TunnelRouteRepository,
    messages: MessageClient,
  ) {
    const key = readPrivateKey(config.ADIT_SECRETS_DIR, 'ticket.jwk');
    this.dialer = new TunnelDialer({
      domain: config.ADIT_DOMAIN,
      direct: { allowCidrs: config.ADIT_DIRECT_ALLOW_CIDRS },
      ingressRoots: async () => (await messages.request(pkiTrust, {})).trust.roots,
      routes: async (tenantId, site) => (await database.inSystem((tx) => routes.find(tx, tenantId, site))) ?? null,
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

  get domain(): string {
    return this.config.ADIT_DOMAIN;
  }
}
