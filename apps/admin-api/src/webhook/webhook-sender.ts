import {
  type ClaimedDelivery,
  Database,
  type Transaction,
  WebhookDeliveryRepository,
  WebhookRepository,
} from '@app/persistence';
import { type AppLogger, CONFIG, LOGGER } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import type { AdminConfig } from '../config.js';
import { retryAfter } from './retry-schedule.js';
import { type Attempt, WebhookClient } from './webhook-client.js';
import { messageIdOf, payloadOf } from './webhook-event.js';
import { WebhookSecrets } from './webhook-secret.js';
import { WebhookMetrics } from './webhook.metrics.js';

const DAY_SECONDS = 86_400;
/** Standard Webhooks: the receiver wants no more. */
const GONE = 410;

/** One attempt with all that follows from it: the log, the next attempt, the end of a webhook that never answers. */
@Injectable()
export class WebhookSender {
  constructor(
    @Inject(CONFIG) private readonly config: AdminConfig,
    @Inject(Database) private readonly database: Database,
    @Inject(WebhookRepository) private readonly webhooks: WebhookRepository,
    @Inject(WebhookDeliveryRepository) private readonly deliveries: WebhookDeliveryRepository,
    @Inject(WebhookSecrets) private readonly secrets: WebhookSecrets,
    @Inject(WebhookClient) private readonly client: WebhookClient,
    @Inject(WebhookMetrics) private readonly metrics: WebhookMetrics,
    @Inject(LOGGER) private readonly logger: AppLogger,
  ) {}

  /** @param stop ends the attempt; it is then due again at once */
  async send(tenantId: string, delivery: ClaimedDelivery, stop: AbortSignal): Promise<void> {
    const attempt = await this.attempt(tenantId, delivery, stop);
    if (stop.aborted && attempt.error !== null) {
      await this.database.inTenant(tenantId, (tx) => this.deliveries.giveBack(tx, tenantId, delivery));
      return;
    }
    await this.settle(tenantId, delivery, attempt);
  }

  private async attempt(tenantId: string, delivery: ClaimedDelivery, stop: AbortSignal): Promise<Attempt> {
    const { webhookId, url, secrets, hash } = delivery;
    try {
      const body = payloadOf(delivery.body);
      const message = { id: messageIdOf(hash), at: new Date(), body };
      const signed = this.secrets.sign(secrets, { tenantId, webhookId }, message);
      const headers = { ...signed, 'content-type': 'application/json', 'user-agent': 'Adit-Webhooks/1' };
      return await this.client.post(url, body, headers, stop);
    } catch (error) {
      this.logger.error({ err: error, webhookId }, 'a webhook cannot be signed');
      return { status: null, error: 'internal', durationMs: 0 };
    }
  }

  private async settle(tenantId: string, delivery: ClaimedDelivery, attempt: Attempt): Promise<void> {
    const { id, webhookId, attempts, ageSeconds } = delivery;
    const { status, error, durationMs } = attempt;
    const delivered = error === null;
    const wait = delivered || status === GONE ? null : retryAfter(attempts, ageSeconds, attempt.retryAfterSeconds);
    const outcome = { delivered, status, error, durationMs, retryAfterSeconds: wait };
    const off = await this.database.inTenant(tenantId, async (tx) => {
      if (!(await this.deliveries.record(tx, tenantId, delivery, outcome))) return undefined;
      const failingSeconds = await this.webhooks.noteOutcome(tx, tenantId, webhookId, delivered);
      const reason = status === GONE ? 'gone' : this.isHopeless(failingSeconds) ? 'failing' : undefined;
      return reason !== undefined && (await this.switchOff(tx, tenantId, webhookId, reason)) ? reason : undefined;
    });
    const result = delivered ? 'delivered' : wait === null ? 'gave-up' : 'failed';
    this.metrics.attempted(result, durationMs);
    this.logger.debug({ webhookId, deliveryId: id, attempts, status, error, result }, 'a webhook was attempted');
    if (off === undefined) return;
    this.metrics.switchedOff();
    this.logger.warn({ webhookId, reason: off }, 'a webhook was switched off');
  }

  private isHopeless(failingSeconds: number): boolean {
    return failingSeconds > this.config.ADIT_WEBHOOK_DISABLE_DAYS * DAY_SECONDS;
  }

  private async switchOff(tx: Transaction, tenantId: string, webhookId: string, reason: string): Promise<boolean> {
    if (!(await this.webhooks.disable(tx, tenantId, webhookId, reason))) return false;
    await this.deliveries.abandon(tx, tenantId, webhookId, 'webhook-disabled');
    await tx.audit(tenantId, { actor: 'system', action: 'webhook.disabled', subject: webhookId, details: { reason } });
    return true;
  }
}
