import { HubRegistry, type Hub, type MediaError, type Resolution, type ResolveRequest } from '@app/media';
import { LOGGER, type AppLogger } from '@app/runtime';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { DomainError } from '@app/contracts';
import { ViewerAccess } from '../access/viewer.access.js';
import { parseStreamPath } from '../tickets/stream-path.js';
import { codeOf, refusalOf } from './refusal.js';
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
  private readonly hubs = new HubRegistry(HUB);

  constructor(
    private readonly access: ViewerAccess,
    private readonly links: SiteLinkFactory,
    @Inject(LOGGER) private readonly logger: AppLogger,
  ) {}

  async resolve(request: ResolveRequest): Promise<Resolution> {
    const { path, remoteAddress, onvifReplay } = request;
    try {
      const stream = parseStreamPath(path);
      const { tenantId, user, ended } = await this.access.admit(request, stream);
      // Each viewer of a recording has its own position: it shares nothing with others.
      const replay = stream.usage === 'recording' ? await this.links.replay({ ...stream, tenantId, user }) : undefined;
      if (replay !== undefined) return { replay, ended };
      if (onvifReplay) throw new DomainError('recording-not-found', 'nothing is recorded of this camera');
      const key = `${tenantId}/${stream.site}/${stream.camera}/${stream.usage}`;
      const hub = this.hubs.get(key, () => this.links.create({ ...stream, tenantId, user }));
      // A viewer of a stream that does not come learns the reason instead of waiting.
      await hub.describe();
      return { hub, ended };
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

  entries(): Iterable<[key: string, hub: Hub]> {
    return this.hubs.entries();
  }

  onApplicationShutdown(): Promise<void> {
    return this.hubs.close();
  }
}
