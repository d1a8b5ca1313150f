import {
  cameraTimeline,
  DomainError,
  mediaOpen,
  mintDialTicket,
  pkiTrust,
  type ChannelClassName,
} from '@app/contracts';
import { LinkSource, type LinkConnection } from '@app/media';
import { Database, TunnelRouteRepository } from '@app/persistence';
import { connectPinnedTls } from '@app/pki';
import { CONFIG, MessageClient, readPrivateKey } from '@app/runtime';
import { TunnelDialer } from '@app/tunnel-dialer';
import { Inject, Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import type { RedirectorConfig } from '../config.js';
import type { StreamPath } from '../tickets/stream-path.js';
import { SiteRecording } from './site-recording.js';

const TLS_TIMEOUT_MS = 5_000;

type Media = z.output<typeof mediaOpen.reply>;

/** Sites before 0.2 answer that they do not know playback. */
const NO_RECORDINGS = new Set(['recording-not-found', 'not-implemented']);

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

  /** The recordings of a stream's camera, for one viewer. Undefined when nothing is recorded of it. */
  async replay(stream: WantedStream): Promise<SiteRecording | undefined> {
    try {
      const media = await this.ask(stream, true);
      const { tenantId } = stream;
      return new SiteRecording(
        (signal) => this.dial(stream, media, 'playback', signal),
        (range) => this.messages.request(cameraTimeline, { tenantId, cameraId: media.cameraId, ...range }),
      );
    } catch (error) {
      if (error instanceof DomainError && NO_RECORDINGS.has(error.code)) return undefined;
      throw error;
    }
  }

  private async connect(stream: WantedStream, signal: AbortSignal): Promise<LinkConnection> {
    const media = await this.ask(stream, false);
    signal.throwIfAborted();
    return this.dial(stream, media, 'live', signal);
  }

  private ask({ tenantId, site, camera, usage, user }: WantedStream, playback: boolean): Promise<Media> {
    const request = { tenantId, siteLabel: site, camera, usage, playback, user, correlationId: randomUUID() };
    return this.messages.request(mediaOpen, request);
  }

  private async dial(
    { tenantId, user }: WantedStream,
    media: Media,
    channelClass: ChannelClassName,
    signal: AbortSignal,
  ): Promise<LinkConnection> {
    const transport = await this.dialer.dial({ tenantId, address: media.address, class: channelClass, user, signal });
    const socket = await connectPinnedTls({ socket: transport, pin: media.tlsPin, timeoutMs: TLS_TIMEOUT_MS });
    return { socket, request: { path: media.path, siteTicket: media.siteTicket, usage: media.usage } };
  }
}
