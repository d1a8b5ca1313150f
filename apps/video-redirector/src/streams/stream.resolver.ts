import {
  HubRegistry,
  type Hub,
  type HubTotals,
  type Resolution,
  type ResolveRequest,
  type ViewerGrant,
} from '@app/media';
import { LOGGER, type AppLogger } from '@app/runtime';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { DomainError, type VerifiedViewTicket } from '@app/contracts';
import { parseStreamPath } from '../tickets/stream-path.js';
import { TicketGate } from '../tickets/ticket.gate.js';
import { TicketWatch } from '../tickets/ticket.watch.js';
import { EndedTickets } from './ended-tickets.js';
import { refusalOf } from './refusal.js';
import { SiteLink } from './site-link.js';
import { SiteLinkFactory } from './site-link.factory.js';

/** A cold upstream may wait for federation, the dial and the camera one after the other. */
const HUB = { openTimeoutMs: 12_000, describeTimeoutMs: 10_000 };

/** From a viewer's request to the hub of its stream; one hub serves all who watch the same. */
@Injectable()
export class StreamResolver implements OnApplicationShutdown {
  readonly endedTickets = new EndedTickets();
  private readonly hubs = new HubRegistry(HUB);
  private saved = 0;

  constructor(
    private readonly gate: TicketGate,
    private readonly watch: TicketWatch,
    private readonly links: SiteLinkFactory,
    @Inject(LOGGER) private readonly logger: AppLogger,
  ) {}

  async resolve({ path, query, remoteAddress, onvifReplay }: ResolveRequest): Promise<Resolution> {
    try {
      const stream = parseStreamPath(path);
      const ticket = await this.gate.admit(query.get('ticket'), stream, remoteAddress);
      const { tenantId, user, ticketId, expiresAt } = ticket;
      if (this.endedTickets.has(ticketId)) {
        throw new DomainError('ended-by-operator', 'an operator has just ended what was watched with this ticket');
      }
      // Each viewer of a recording has its own position: it shares nothing with others.
      const played = stream.usage === 'recording' ? await this.links.replay({ ...stream, tenantId, user }) : undefined;
      if (played !== undefined) {
        const { replay, media } = played;
        return { replay, ended: this.watch.ended(ticketId, expiresAt), grant: grantOf(ticket, media) };
      }
      if (onvifReplay) throw new DomainError('recording-not-found', 'nothing is recorded of this camera');
      const key = `${tenantId}/${stream.site}/${stream.camera}/${stream.usage}`;
      const hub = this.hubs.get(key, () => this.links.create({ ...stream, tenantId, user }));
      if (hub.state === 'up') this.saved += 1;
      // A viewer of a stream that does not come learns the reason instead of waiting.
      await hub.describe();
      const media = hub.source instanceof SiteLink ? hub.source.media : undefined;
      const ended = this.watch.ended(ticketId, expiresAt);
      return media ? { hub, ended, grant: grantOf(ticket, media) } : { hub, ended };
    } catch (error) {
      const refuse = refusalOf(error);
      const unexpected = refuse.code === 'internal' ? { err: error } : {};
      this.logger.info({ path, remoteAddress, code: refuse.code, ...unexpected }, 'a viewer was refused');
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
  { tenantId, user, userLevel: level, ticketId, site, camera, usage }: VerifiedViewTicket,
  { siteId, cameraId }: { siteId: string; cameraId: string },
): ViewerGrant => ({ tenantId, user, level, ticketId, siteId, cameraId, site, camera, usage });
