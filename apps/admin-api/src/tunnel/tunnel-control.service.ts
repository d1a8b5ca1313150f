import { brokerDisconnect, DomainError } from '@app/contracts';
import { Database, TunnelViewRepository } from '@app/persistence';
import { MessageClient } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import type { Caller } from '../http/request.js';
import { SiteService } from '../site/site.service.js';
import type { Disconnection } from './tunnel.dto.js';

/** What operators do to a tunnel. The broker that holds it does it, and writes it into the audit. */
@Injectable()
export class TunnelControl {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(TunnelViewRepository) private readonly tunnels: TunnelViewRepository,
    @Inject(SiteService) private readonly sites: SiteService,
    @Inject(MessageClient) private readonly messages: MessageClient,
  ) {}

  /**
   * Ends every session of the site, at whichever brokers. A second call ends what has come back meanwhile.
   * @throws DomainError `not-found`; `conflict` when the site has no tunnel; `unavailable` or `timeout` when a broker that
   *   holds one did not answer: then nothing is sure, and the same request may be repeated
   */
  async disconnect(caller: Caller, siteId: string): Promise<Disconnection> {
    const { tenantId, actor, correlationId } = caller;
    await this.sites.find(tenantId, siteId);
    const open = await this.database.inTenant(tenantId, (tx) => this.tunnels.open(tx, tenantId, siteId));
    if (open.length === 0) throw new DomainError('conflict', 'the site has no tunnel now');
    const asked = [...new Set(open.map(({ brokerId }) => brokerId))].map((brokerId) =>
      this.messages.request(brokerDisconnect(brokerId), { tenantId, siteId, actor, correlationId }),
    );
    const answers = await Promise.allSettled(asked);
    const ended = answers.reduce((sum, answer) => sum + (answer.status === 'fulfilled' ? answer.value.ended : 0), 0);
    const failures = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason as unknown] : []));
    const late = failures.find((error) => error instanceof DomainError && error.code === 'timeout');
    // A broker that is dead for sure has no tunnel, whatever its rows say, as long as another one had it.
    const failure = late ?? (ended === 0 ? failures[0] : undefined);
    if (failure !== undefined) throw failure;
    return { ended };
  }
}
