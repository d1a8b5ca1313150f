import { type BrokerDisconnect, type BrokerDrain, DomainError } from '@app/contracts';
import { BrokerRepository, Database, DEFAULT_TENANT_ID, TunnelSessionRepository } from '@app/persistence';
import { type AppLogger, LOGGER } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import { BROKER_ID } from '../tokens.js';
import { DrainService } from '../tunnel/drain.service.js';
import { SessionRegistry } from '../tunnel/session-registry.js';

/** As the history of the site names it. */
const BY_OPERATOR = 'operator';

/** What an operator does to tunnels here. It is in the audit before it happens, or it does not happen. */
@Injectable()
export class CommandService {
  constructor(
    @Inject(BROKER_ID) private readonly brokerId: string,
    private readonly database: Database,
    private readonly brokers: BrokerRepository,
    private readonly sessions: TunnelSessionRepository,
    private readonly registry: SessionRegistry,
    private readonly drains: DrainService,
    @Inject(LOGGER) private readonly logger: AppLogger,
  ) {}

  /** Ends the sessions of one site of one tenant. @throws DomainError `unavailable` without the database */
  async disconnect({ tenantId, siteId, actor, correlationId }: BrokerDisconnect): Promise<{ ended: number }> {
    const live = this.registry.all().filter((one) => one.tenantId === tenantId && one.siteId === siteId);
    if (live.length === 0) return { ended: 0 };
    await this.database.inTenant(tenantId, async (tx) => {
      for (const { id } of live) await this.sessions.close(tx, id, BY_OPERATOR);
      const details = { sessions: live.map(({ id }) => id), correlationId };
      await tx.audit(tenantId, { actor, action: 'tunnel.disconnected', subject: siteId, details });
    });
    this.logger.warn({ siteId, actor, correlationId, sessions: live.length }, 'an operator ends a tunnel');
    for (const { session } of live) session.close(BY_OPERATOR, 'an operator ended the connection');
    return { ended: live.length };
  }

  /**
   * As for a stop, without the stop: the process goes on refusing agents until somebody restarts it. A second call changes
   * nothing. @throws DomainError `conflict` when agents would have nowhere to go
   */
  async drain({ actor, deadlineMs, correlationId }: BrokerDrain): Promise<{ sessions: number }> {
    const sessions = this.registry.all().length;
    if (this.drains.begun) return { sessions };
    await this.database.inTenant(DEFAULT_TENANT_ID, async (tx) => {
      if (!(await this.brokers.drainBesideOthers(tx, this.brokerId))) {
        throw new DomainError('conflict', 'no other broker serves: its agents would have nowhere to go');
      }
      const details = { sessions, deadlineMs, correlationId };
      await tx.audit(DEFAULT_TENANT_ID, { actor, action: 'broker.drained', subject: this.brokerId, details });
    });
    this.logger.warn({ actor, correlationId, sessions, deadlineMs }, 'an operator drains this broker');
    this.drains.begin();
    void this.drains.drain(deadlineMs, true).then(() => this.logger.info('this broker is empty'));
    return { sessions };
  }
}
