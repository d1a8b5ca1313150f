import { DomainError } from '@app/contracts';
import {
  Database,
  type Page,
  type Transaction,
  WebhookDeliveryRepository,
  type WebhookDeliveryRow,
  WebhookRepository,
} from '@app/persistence';
import { Inject, Injectable } from '@nestjs/common';
import { toPageRequest } from '../http/page.dto.js';
import type { Caller } from '../http/request.js';
import type { DeliveryQuery, WebhookDelivery } from './webhook.dto.js';

/** The log of a webhook, and what operators add to it. */
@Injectable()
export class WebhookDeliveryService {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(WebhookRepository) private readonly webhooks: WebhookRepository,
    @Inject(WebhookDeliveryRepository) private readonly deliveries: WebhookDeliveryRepository,
  ) {}

  /** @throws DomainError `not-found` */
  async list(tenantId: string, webhookId: string, query: DeliveryQuery): Promise<Page<WebhookDelivery>> {
    const request = { ...toPageRequest(query), state: query.state };
    const page = await this.database.inTenant(tenantId, async (tx) => {
      if (!(await this.webhooks.find(tx, tenantId, webhookId))) throw notFound('webhook');
      return this.deliveries.list(tx, tenantId, webhookId, request);
    });
    return { ...page, items: page.items.map(toDelivery) };
  }

  /** Sends an event of its own to this webhook. @throws DomainError `not-found`; `conflict` when it is off */
  async test({ tenantId, actor }: Caller, webhookId: string): Promise<WebhookDelivery> {
    return this.database.inTenant(tenantId, async (tx) => {
      await this.requireEnabled(tx, tenantId, webhookId);
      const seq = await tx.auditNumbered(tenantId, { actor, action: 'webhook.tested', subject: webhookId });
      const tested = { webhookId, source: 'audit', seq, event: 'webhook.tested' } as const;
      const id = await this.deliveries.insert(tx, tenantId, tested);
      return this.require(tx, tenantId, webhookId, id ?? '');
    });
  }

  /** The same event with the same id once more. @throws DomainError `not-found`; `conflict` when it is still under way */
  async again({ tenantId, actor }: Caller, webhookId: string, id: string): Promise<WebhookDelivery> {
    return this.database.inTenant(tenantId, async (tx) => {
      await this.requireEnabled(tx, tenantId, webhookId);
      await this.require(tx, tenantId, webhookId, id);
      if (!(await this.deliveries.again(tx, tenantId, webhookId, id))) {
        throw new DomainError('conflict', 'the delivery is under way, or its event is not kept any more');
      }
      const details = { deliveryId: id };
      await tx.audit(tenantId, { actor, action: 'webhook.redelivered', subject: webhookId, details });
      return this.require(tx, tenantId, webhookId, id);
    });
  }

  private async requireEnabled(tx: Transaction, tenantId: string, webhookId: string): Promise<void> {
    const webhook = await this.webhooks.find(tx, tenantId, webhookId);
    if (!webhook) throw notFound('webhook');
    if (!webhook.enabled) throw new DomainError('conflict', 'the webhook is off: switch it on first');
  }

  private async require(tx: Transaction, tenantId: string, webhookId: string, id: string): Promise<WebhookDelivery> {
    const row = await this.deliveries.find(tx, tenantId, webhookId, id);
    if (!row) throw notFound('delivery');
    return toDelivery(row);
  }
}

const notFound = (what: string): DomainError => new DomainError('not-found', `there is no such ${what}`);

const toDelivery = ({ webhookId: _webhookId, ...row }: WebhookDeliveryRow): WebhookDelivery => ({
  ...row,
  nextAttemptAt: row.nextAttemptAt?.toISOString() ?? null,
  lastAttemptAt: row.lastAttemptAt?.toISOString() ?? null,
  deliveredAt: row.deliveredAt?.toISOString() ?? null,
  createdAt: row.createdAt.toISOString(),
});
