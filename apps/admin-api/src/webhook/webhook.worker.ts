import { type ClaimedDelivery, Database, WebhookDeliveryRepository } from '@app/persistence';
import { type AppLogger, CONFIG, LOGGER } from '@app/runtime';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { AdminConfig } from '../config.js';
import { WebhookOutbox } from './webhook-outbox.js';
import { WebhookSender } from './webhook-sender.js';

const POLL_MS = 1_000;
const HOUR_MS = 3_600_000;
/** Attempts under way in this process. */
const MOST = 32;
/** Of one webhook: a dead receiver holds its attempts for 10 s each, and must not take everybody's place. */
const EACH = 2;
/** Twice what an attempt takes at most; a worker that was killed has its attempts made anew after it. */
const LEASE_SECONDS = 20;

/** Looks for what is due, and sends it, in every replica of this app at once. */
@Injectable()
export class WebhookWorker implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly underWay = new Map<string, { webhookId: string; done: Promise<void> }>();
  private readonly stop = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;
  private again = false;
  private pruneAt = 0;

  constructor(
    @Inject(CONFIG) private readonly config: AdminConfig,
    @Inject(Database) private readonly database: Database,
    @Inject(WebhookDeliveryRepository) private readonly deliveries: WebhookDeliveryRepository,
    @Inject(WebhookOutbox) private readonly outbox: WebhookOutbox,
    @Inject(WebhookSender) private readonly sender: WebhookSender,
    @Inject(LOGGER) private readonly logger: AppLogger,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => this.look(), POLL_MS);
  }

  /** What is under way is given back: the next process makes it. */
  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    this.stop.abort();
    await this.looking;
    await Promise.all([...this.underWay.values()].map(({ done }) => done));
  }

  /** One look at a time; an attempt that ends makes room, and looks for the next. */
  private look(): void {
    if (this.stop.signal.aborted) return;
    if (this.looking !== undefined) {
      this.again = true;
      return;
    }
    this.again = false;
    this.looking = this.lookOnce()
      .catch((error: unknown) => this.logger.debug({ err: error }, 'webhooks have to wait for the database'))
      .finally(() => {
        this.looking = undefined;
        if (this.again) this.look();
      });
  }

  private async lookOnce(): Promise<void> {
    await this.outbox.empty();
    const tenants = await this.database.inSystem((tx) => this.deliveries.tenantsWithDue(tx));
    for (const tenantId of tenants) {
      while ((await this.take(tenantId)) > 0);
    }
    if (Date.now() >= this.pruneAt) await this.prune();
  }

  /** One of each webhook that has room. @returns how many were begun */
  private async take(tenantId: string): Promise<number> {
    const limit = MOST - this.underWay.size;
    if (limit <= 0 || this.stop.signal.aborted) return 0;
    const claim = { limit, each: 1, leaseSeconds: LEASE_SECONDS, busy: this.busy() };
    const claimed = await this.database.inTenant(tenantId, (tx) => this.deliveries.claim(tx, tenantId, claim));
    for (const delivery of claimed) this.begin(tenantId, delivery);
    return claimed.length;
  }

  private begin(tenantId: string, delivery: ClaimedDelivery): void {
    const { id, webhookId } = delivery;
    const done = this.sender
      .send(tenantId, delivery, this.stop.signal)
      // Nothing is lost: the lease ends, and it is attempted again.
      .catch((error: unknown) => this.logger.warn({ err: error, webhookId }, 'the end of an attempt is not on record'))
      .finally(() => {
        this.underWay.delete(id);
        this.look();
      });
    this.underWay.set(id, { webhookId, done });
  }

  private busy(): string[] {
    const counts = new Map<string, number>();
    for (const { webhookId } of this.underWay.values()) counts.set(webhookId, (counts.get(webhookId) ?? 0) + 1);
    return [...counts].filter(([, count]) => count >= EACH).map(([webhookId]) => webhookId);
  }

  private async prune(): Promise<void> {
    this.pruneAt = Date.now() + HOUR_MS;
    for (const tenantId of await this.database.inSystem((tx) => this.deliveries.tenants(tx))) {
      const days = this.config.ADIT_WEBHOOK_LOG_DAYS;
      await this.database.inTenant(tenantId, (tx) => this.deliveries.prune(tx, tenantId, days));
    }
  }
}
