import { mediaOpen, mintDialTicket, pkiTrust } from '@app/contracts';
import { LinkSource, type LinkConnection } from '@app/media';
import { Database, TunnelRouteRepository } from '@app/persistence';
import { connectPinnedTls } from '@app/pki';
import { CONFIG, MessageClient, readPrivateKey } from '@app/runtime';
import { TunnelDialer } from '@app/tunnel-dialer';
import { Inject, Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { RedirectorConfig } from '../config.js';
import type { StreamPath } from '../tickets/stream-path.js';

const TLS_TIMEOUT_MS = 5_000;

/** A stream of one tenant's site, and on whose behalf it is fetched. */
export interface WantedStream extends StreamPath {
  tenantId: string;
  user: string;
}

/** Makes the upstream of a hub: each opening asks federation anew, because tickets and routes do not last. */
@Injectable()
export class SiteLinkFactory {
  private readonly dialer: TunnelDialer;

  constructor(
    @Inject(CONFIG) config: RedirectorConfig,
    database: Database,
    routes: TunnelRouteRepository,
    private readonly messages: MessageClient,
  ) {
    const key = readPrivateKey(config.ADIT_SECRETS_DIR, 'ticket.jwk');
    this.dialer = new TunnelDialer({
      domain: config.ADIT_DOMAIN,
      direct: { allowCidrs: config.ADIT_DIRECT_ALLOW_CIDRS },
      ingressRoots: async () => (await messages.request(pkiTrust, {})).trust.roots,
      routes: async (tenantId, site) => (await database.inSystem((tx) => routes.find(tx, tenantId, site))) ?? null,
      mint: (claims, brokerId) => mintDialTicket(claims, { issuer: 'video-redirector', key }, brokerId),
    });
  }

  create(stream: WantedStream): LinkSource {
    return new LinkSource((signal) => this.connect(stream, signal));
  }

  private async connect(
    { tenantId, site, camera, usage, user }: WantedStream,
    signal: AbortSignal,
  ): Promise<LinkConnection> {
    const request = { tenantId, siteLabel: site, camera, usage, user, correlationId: randomUUID() };
    const media = await this.messages.request(mediaOpen, request);
    signal.throwIfAborted();
    const transport = await this.dialer.dial({ tenantId, address: media.address, class: 'live', user, signal });
    const socket = await connectPinnedTls({ socket: transport, pin: media.tlsPin, timeoutMs: TLS_TIMEOUT_MS });
    return { socket, request: { path: media.path, siteTicket: media.siteTicket, usage: media.usage } };
  }
}
