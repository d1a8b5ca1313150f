import { brokerDrain, DomainError } from '@app/contracts';
import { BrokerStatusRepository, type BrokerStatusRow, Database, DEFAULT_TENANT_ID, type Page } from '@app/persistence';
import { MessageClient } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import { type PageQuery, toPageRequest } from '../http/page.dto.js';
import type { Caller } from '../http/request.js';
import type { Broker, BrokerDraining, BrokerDrainOrder } from './broker.dto.js';

/** Brokers carry every tenant's tunnels: they are the affair of the tenant that runs the deployment alone. */
@Injectable()
export class BrokerService {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(BrokerStatusRepository) private readonly brokers: BrokerStatusRepository,
    @Inject(MessageClient) private readonly messages: MessageClient,
  ) {}

  /** @throws DomainError `not-found` for other tenants than the provider's */
  async list({ tenantId }: Caller, query: PageQuery): Promise<Page<Broker>> {
    requireProvider(tenantId);
    const request = toPageRequest(query);
    const page = await this.database.inSystem((tx) => this.brokers.list(tx, request));
    return { ...page, items: page.items.map(toBroker) };
  }

  /** @throws DomainError `not-found`; `conflict` when no other broker serves; `unavailable`, `timeout` */
  async drain(caller: Caller, id: string, { deadlineSeconds }: BrokerDrainOrder): Promise<BrokerDraining> {
    const { tenantId, actor, correlationId } = caller;
    requireProvider(tenantId);
    const broker = await this.database.inSystem((tx) => this.brokers.find(tx, id));
    if (!broker) throw notFound();
    return this.messages.request(brokerDrain(id), { actor, correlationId, deadlineMs: deadlineSeconds * 1_000 });
  }
}

const notFound = (): DomainError => new DomainError('not-found', 'there is no such broker');

const requireProvider = (tenantId: string): void => {
  if (tenantId !== DEFAULT_TENANT_ID) throw notFound();
};

const toBroker = ({ startedAt, heartbeatAt, silent, state, ...row }: BrokerStatusRow): Broker => ({
  ...row,
  state: silent ? 'lost' : state,
  startedAt: startedAt.toISOString(),
  heartbeatAt: heartbeatAt.toISOString(),
});
