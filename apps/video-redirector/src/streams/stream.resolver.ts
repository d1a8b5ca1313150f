import {
  HubRegistry,
  type Hub,
  type MediaError,
  type HubTotals,
  type Resolution,
  type ResolveRequest,
  type ViewerGrant,
} from '@app/media';
import { LOGGER, type AppLogger } from '@app/runtime';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { DomainError } from '@app/contracts';
import { type Viewer, ViewerAccess } from '../access/viewer.access.js';
import { Admission } from '../admission/admission.js';
import { parseStreamPath, type StreamPath } from '../tickets/stream-path.js';
import { EndedTickets } from './ended-tickets.js';
import { codeOf, refusalOf } from './refusal.js';
import { SiteLink } from './site-link.js';
import { SiteLinkFactory } from './site-link.factory.js';

/** A cold upstream may wait for federation, the dial and the camera one after the other. */
const HUB = {
  openTimeoutMs: 12_000,
  describeTimeoutMs: 10_000,
  isGone: (error: MediaError) => codeOf(error) === 'camera-not-found',
};

/** From a viewer's request to the hub of its stream; one hub serves all who watch the same. */
@Injectable()
export class StreamResolver implements OnApplicationShutdown {
  readonly endedTickets = new EndedTickets();
  private readonly hubs = new HubRegistry(HUB);
  private saved = 0;

  constructor(
    private readonly access: ViewerAccess,
    private readonly links: SiteLinkFactory,
    private readonly admission: Admission,
    @Inject(LOGGER) private readonly logger: AppLogger,
  ) {}

  async resolve(request: ResolveRequest): Promise<Resolution> {
    const { path, remoteAddress, onvifReplay } = request;
    try {
      const stream = parseStreamPath(path);
      const viewer = await this.access.admit(request, stream);
      const { tenantId, user, ended } = viewer;
      if (viewer.ticketId !== undefined && this.endedTickets.has(viewer.ticketId)) {
        throw new DomainError('ended-by-operator', 'an operator has just ended what was watched with this ticket');
      }
      const key = `${tenantId}/${stream.site}/${stream.camera}/${stream.usage}`;
      // Each viewer of a recording has its own position: it shares nothing with others.
      const played = stream.usage === 'recording' ? await this.links.replay({ ...stream, tenantId, user }) : undefined;
      if (played !== undefined) {
        const { replay, media } = played;
        const admit = this.admission.playback(viewer, key);
        return { replay, ended, admit, grant: grantOf(viewer, stream, media) };
      }
      if (onvifReplay) throw new DomainError('recording-not-found', 'nothing is recorded of this camera');
      const hub = this.hubs.get(key, () => this.links.create({ ...stream, tenantId, user }));
      if (hub.state === 'up') this.saved += 1;
      const admit = this.admission.live(viewer, hub);
      // A viewer of a stream that does not come learns the reason instead of waiting.
      await hub.describe();
      const media = hub.source instanceof SiteLink ? hub.source.media : undefined;
      return { hub, ended, admit, ...(media && { grant: grantOf(viewer, stream, media) }) };
    } catch (error) {
      const refuse = refusalOf(error, request.query.has('ticket') ? 'ticket' : 'account');
      const unexpected = refuse.code === 'internal' ? { err: error } : {};
      // Every player with an account asks once without it, to be told how.
      const level = refuse.digest === true && request.credentials?.isStale !== false ? 'debug' : 'info';
      this.logger[level]({ path, remoteAddress, code: refuse.code, ...unexpected }, 'a viewer was refused');
      return { refuse };
    }
  }

  /** Federation reaches this site in another way now, or not at all: ask anew. */
  reopen(tenantId: string, site: string): void {
    for (const [key, hub] of this.hubs.entries()) if (key.startsWith(`${tenantId}/${site}/`)) hub.reopen();
  }

  /** Of all hubs so far, and how many viewers found theirs open. */
  get totals(): HubTotals & { pullsSaved: number } {
    return { ...this.hubs.totals, pullsSaved: this.saved };
  }

  entries(): Iterable<[key: string, hub: Hub]> {
    return this.hubs.entries();
  }

  onApplicationShutdown(): Promise<void> {
    return this.hubs.close();
  }
}

const grantOf = (
  { tenantId, user, level, ticketId }: Viewer,
  { site, camera, usage }: StreamPath,
  { siteId, cameraId }: { siteId: string; cameraId: string },
): ViewerGrant => ({ tenantId, user, level, ticketId, siteId, cameraId, site, camera, usage });
