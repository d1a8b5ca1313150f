import { HubRegistry, type Hub, type Resolution, type ResolveRequest } from '@app/media';
import { LOGGER, type AppLogger } from '@app/runtime';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { DomainError } from '@app/contracts';
import { Admission } from '../admission/admission.js';
import { parseStreamPath } from '../tickets/stream-path.js';
import { TicketGate } from '../tickets/ticket.gate.js';
import { TicketWatch } from '../tickets/ticket.watch.js';
import { refusalOf } from './refusal.js';
import { SiteLinkFactory } from './site-link.factory.js';

/** A cold upstream may wait for federation, the dial and the camera one after the other. */
const HUB = { openTimeoutMs: 12_000, describeTimeoutMs: 10_000 };

/** From a viewer's request to the hub of its stream; one hub serves all who watch the same. */
@Injectable()
export class StreamResolver implements OnApplicationShutdown {
  private readonly hubs = new HubRegistry(HUB);

  constructor(
    private readonly gate: TicketGate,
    private readonly watch: TicketWatch,
    private readonly links: SiteLinkFactory,
    private readonly admission: Admission,
    @Inject(LOGGER) private readonly logger: AppLogger,
  ) {}

  async resolve({ path, query, remoteAddress, onvifReplay }: ResolveRequest): Promise<Resolution> {
    try {
      const stream = parseStreamPath(path);
      const ticket = await this.gate.admit(query.get('ticket'), stream, remoteAddress);
      const { tenantId, user, ticketId, expiresAt } = ticket;
      const holder = { level: ticket.userLevel, party: ticketId };
      const key = `${tenantId}/${stream.site}/${stream.camera}/${stream.usage}`;
      // Each viewer of a recording has its own position: it shares nothing with others.
      const replay = stream.usage === 'recording' ? await this.links.replay({ ...stream, tenantId, user }) : undefined;
      if (replay !== undefined) {
        const admit = this.admission.playback(holder, key);
        return { replay, ended: this.watch.ended(ticketId, expiresAt), admit };
      }
      if (onvifReplay) throw new DomainError('recording-not-found', 'nothing is recorded of this camera');
      const hub = this.hubs.get(key, () => this.links.create({ ...stream, tenantId, user }));
      const admit = this.admission.live(holder, hub);
      // A viewer of a stream that does not come learns the reason instead of waiting.
      await hub.describe();
      return { hub, ended: this.watch.ended(ticketId, expiresAt), admit };
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

  entries(): Iterable<[key: string, hub: Hub]> {
    return this.hubs.entries();
  }

  onApplicationShutdown(): Promise<void> {
    return this.hubs.close();
  }
}
