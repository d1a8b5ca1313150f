import { Database, type OutboxRow, WebhookDeliveryRepository, WebhookOutboxRepository } from '@app/persistence';
import { Inject, Injectable } from '@nestjs/common';
import { wants } from './webhook-event.js';

/** Rows of the audit in one transaction. */
const ROWS = 500;

/** Turns the audit into deliveries: each row once for each webhook that wants it, whoever runs and however often it is killed. */
@Injectable()
export class WebhookOutbox {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(WebhookOutboxRepository) private readonly outbox: WebhookOutboxRepository,
    @Inject(WebhookDeliveryRepository) private readonly deliveries: WebhookDeliveryRepository,
  ) {}

  async empty(): Promise<void> {
    const tenants = await this.database.inSystem((tx) => this.outbox.tenants(tx));
    for (const tenantId of tenants) {
      while ((await this.step(tenantId)) === ROWS);
    }
  }

  /** @returns how many rows were read */
  private step(tenantId: string): Promise<number> {
    return this.database.inTenant(tenantId, async (tx) => {
      const rows = (await this.outbox.next(tx, tenantId, ROWS)) ?? [];
      const last = rows.at(-1);
      if (last === undefined) return 0;
      const listeners = await this.outbox.listeners(tx, tenantId);
      for (const delivery of pairs(rows, listeners)) await this.deliveries.insert(tx, tenantId, delivery);
      await this.outbox.advance(tx, tenantId, last.seq);
      return rows.length;
    });
  }
}

const pairs = (
  rows: readonly OutboxRow[],
  listeners: readonly { id: string; events: string[] }[],
): { webhookId: string; seq: number; event: string }[] =>
  rows.flatMap(({ seq, action }) =>
    listeners.filter(({ events }) => wants(events, action)).map(({ id }) => ({ webhookId: id, seq, event: action })),
  );
