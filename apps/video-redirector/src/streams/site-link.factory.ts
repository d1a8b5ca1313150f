import {
  cameraTimeline,
  DomainError,
  mediaOpen,
  mintDialTicket,
  pkiTrust,
  type ChannelClassName,
} from '@app/contracts';
import type { LinkConnection } from '@app/media';
import { Database, TunnelRouteRepository } from '@app/persistence';
import { connectPinnedTls } from '@app/pki';
import { CONFIG, MessageClient, readPrivateKey } from '@app/runtime';
import { TunnelDialer } from '@app/tunnel-dialer';
import { Inject, Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { RedirectorConfig } from '../config.js';
import { type Media, SiteLink, type WantedStream } from './site-link.js';
import { SiteRecording } from './site-recording.js';

const TLS_TIMEOUT_MS = 5_000;

/** Sites before 0.2 answer that they do not know playback. */
const NO_RECORDINGS = new Set(['recording-not-found', 'not-implemented']);

export interface Recordings {
  replay: SiteRecording;
  media: Media;
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

  create(stream: WantedStream): SiteLink {
    const link: SiteLink = new SiteLink(stream, (signal) => this.connect(link, signal));
    return link;
  }

  /** The recordings of a stream's camera, for one viewer. Undefined when nothing is recorded of it. */
  async replay(stream: WantedStream): Promise<Recordings | undefined> {
    try {
      const media = await this.ask(stream, true);
      const { tenantId } = stream;
      const replay = new SiteRecording(
        (signal) => this.dial(stream, media, 'playback', signal),
        (range) => this.messages.request(cameraTimeline, { tenantId, cameraId: media.cameraId, ...range }),
      );
      return { replay, media };
    } catch (error) {
      if (error instanceof DomainError && NO_RECORDINGS.has(error.code)) return undefined;
      throw error;
    }
  }

  private async connect(link: SiteLink, signal: AbortSignal): Promise<LinkConnection> {
    const media = await this.ask(link.stream, false);
    signal.throwIfAborted();
    link.media = media;
    return this.dial(link.stream, media, 'live', signal);
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
