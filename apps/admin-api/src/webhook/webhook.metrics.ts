import { Database, WebhookDeliveryRepository } from '@app/persistence';
import { Inject, Injectable } from '@nestjs/common';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** `failed`: it will be tried again. `gave-up`: it will not. */
export type AttemptResult = 'delivered' | 'failed' | 'gave-up';

/** What became of webhooks, of all tenants. */
@Injectable()
export class WebhookMetrics {
  readonly registry = new Registry();
  private readonly attempts = new Counter({
    name: 'adit_webhook_attempts_total',
    help: 'attempts to deliver an event to a webhook',
    labelNames: ['outcome'],
    registers: [this.registry],
  });
  private readonly seconds = new Histogram({
    name: 'adit_webhook_attempt_seconds',
    help: 'how long attempts took',
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [this.registry],
  });
  private readonly disabled = new Counter({
    name: 'adit_webhooks_disabled_total',
    help: 'webhooks that were switched off by themselves',
    registers: [this.registry],
  });

  constructor(
    @Inject(Database) database: Database,
    @Inject(WebhookDeliveryRepository) deliveries: WebhookDeliveryRepository,
  ) {
    const oldest = new Gauge({
      name: 'adit_webhook_oldest_pending_seconds',
      help: 'age of the oldest event that is not delivered',
      registers: [this.registry],
    });
    const pending = new Gauge({
      name: 'adit_webhook_pending',
      help: 'events that are not delivered yet',
      registers: [this.registry],
      // A scrape does not fail because the database is away: the figure stays what it was.
      collect: async () => {
        const backlog = await database.inSystem((tx) => deliveries.backlog(tx)).catch(() => undefined);
        if (backlog === undefined) return;
        pending.set(backlog.pending);
        oldest.set(backlog.oldestSeconds);
      },
    });
  }

  attempted(outcome: AttemptResult, durationMs: number): void {
    this.attempts.inc({ outcome });
    this.seconds.observe(durationMs / 1_000);
  }

  switchedOff(): void {
    this.disabled.inc();
  }
}
