import { DomainError, type IfMatch, ResourceTag } from '@app/contracts';
import {
  Database,
  type Page,
  type Transaction,
  WebhookDeliveryRepository,
  WebhookOutboxRepository,
  WebhookRepository,
  type WebhookRow,
} from '@app/persistence';
import { CONFIG } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { AdminConfig } from '../config.js';
import { type PageQuery, toPageRequest } from '../http/page.dto.js';
import type { Caller } from '../http/request.js';
import { WebhookSecrets } from './webhook-secret.js';
import { checkUrl, urlRules } from './webhook-url.js';
import type { NewWebhook, WebhookChangesBody, WebhookView, WebhookWithSecret } from './webhook.dto.js';

/** How deliveries go is no operator's change. */
export const webhookTag = new ResourceTag<WebhookView>(['failingSince', 'previousSecretUntil']);

/** Of one tenant. */
const MOST = 50;
const OVERLAP_SECONDS = 24 * 3_600;

@Injectable()
export class WebhookService {
  constructor(
    @Inject(CONFIG) private readonly config: AdminConfig,
    @Inject(Database) private readonly database: Database,
    @Inject(WebhookRepository) private readonly webhooks: WebhookRepository,
    @Inject(WebhookDeliveryRepository) private readonly deliveries: WebhookDeliveryRepository,
    @Inject(WebhookOutboxRepository) private readonly outbox: WebhookOutboxRepository,
    @Inject(WebhookSecrets) private readonly secrets: WebhookSecrets,
  ) {}

  /** @throws DomainError `invalid-request`, `address-not-allowed`, `conflict` when the tenant has its most */
  async create({ tenantId, actor }: Caller, body: NewWebhook): Promise<WebhookWithSecret> {
    const { events, description } = body;
    const url = checkUrl(body.url, urlRules(this.config));
    const id = randomUUID();
    const { text, sealed } = this.secrets.make({ tenantId, webhookId: id });
    return this.database.inTenant(tenantId, async (tx) => {
      if ((await this.webhooks.count(tx, tenantId)) >= MOST) {
        throw new DomainError('conflict', `a tenant has ${MOST} webhooks at most`);
      }
      await this.webhooks.insert(tx, tenantId, { id, url, description, events, secret: sealed });
      const details = { url: originOf(url), events };
      const seq = await tx.auditNumbered(tenantId, { actor, action: 'webhook.created', subject: id, details });
      await this.outbox.begin(tx, tenantId, seq);
      return Object.assign(toView(await this.require(tx, tenantId, id)), { secret: text });
    });
  }

  async list(tenantId: string, query: PageQuery): Promise<Page<WebhookView>> {
    const request = toPageRequest(query);
    const page = await this.database.inTenant(tenantId, (tx) => this.webhooks.list(tx, tenantId, request));
    return { ...page, items: page.items.map(toView) };
  }

  /** @throws DomainError `not-found` */
  async find(tenantId: string, id: string): Promise<WebhookView> {
    return toView(await this.database.inTenant(tenantId, (tx) => this.require(tx, tenantId, id)));
  }

  /** @throws DomainError `not-found`, `invalid-request`, `address-not-allowed`, `precondition-failed` */
  async change(caller: Caller, id: string, body: WebhookChangesBody, ifMatch: IfMatch): Promise<WebhookView> {
    const { tenantId, actor } = caller;
    const { events, description, enabled } = body;
    const url = body.url === undefined ? undefined : checkUrl(body.url, urlRules(this.config));
    return this.database.inTenant(tenantId, async (tx) => {
      await this.lock(tx, tenantId, id, ifMatch);
      await this.webhooks.change(tx, tenantId, id, { url, events, description, enabled });
      if (enabled === false) await this.deliveries.abandon(tx, tenantId, id, 'webhook-disabled');
      const told = { url: url && originOf(url), events, description, enabled };
      await tx.audit(tenantId, { actor, action: 'webhook.changed', subject: id, details: told });
      return toView(await this.require(tx, tenantId, id));
    });
  }

  /** @throws DomainError `not-found`, `precondition-failed` */
  async remove({ tenantId, actor }: Caller, id: string, ifMatch: IfMatch): Promise<void> {
    await this.database.inTenant(tenantId, async (tx) => {
      await this.lock(tx, tenantId, id, ifMatch);
      await this.webhooks.remove(tx, tenantId, id);
      await tx.audit(tenantId, { actor, action: 'webhook.deleted', subject: id });
    });
  }

  /** A new secret; the old one signs beside it for a day. @throws DomainError `not-found` */
  async rotate({ tenantId, actor }: Caller, id: string): Promise<WebhookWithSecret> {
    const { text, sealed } = this.secrets.make({ tenantId, webhookId: id });
    return this.database.inTenant(tenantId, async (tx) => {
      const rotation = { secret: sealed, overlapSeconds: OVERLAP_SECONDS };
      if (!(await this.webhooks.rotate(tx, tenantId, id, rotation))) throw notFound();
      await tx.audit(tenantId, { actor, action: 'webhook.secret-rotated', subject: id });
      return Object.assign(toView(await this.require(tx, tenantId, id)), { secret: text });
    });
  }

  private async lock(tx: Transaction, tenantId: string, id: string, ifMatch: IfMatch): Promise<void> {
    if (!(await this.webhooks.lock(tx, tenantId, id))) throw notFound();
    webhookTag.require(ifMatch, toView(await this.require(tx, tenantId, id)));
  }

  private async require(tx: Transaction, tenantId: string, id: string): Promise<WebhookRow> {
    const row = await this.webhooks.find(tx, tenantId, id);
    if (!row) throw notFound();
    return row;
  }
}

const notFound = (): DomainError => new DomainError('not-found', 'there is no such webhook');

/** Paths of webhooks are often secrets themselves, and the audit keeps none. */
const originOf = (url: string): string => new URL(url).origin;

const toView = ({ failingSince, previousSecretUntil, createdAt, updatedAt, ...row }: WebhookRow): WebhookView => ({
  ...row,
  failingSince: failingSince?.toISOString() ?? null,
  previousSecretUntil: previousSecretUntil?.toISOString() ?? null,
  createdAt: createdAt.toISOString(),
  updatedAt: updatedAt.toISOString(),
});
