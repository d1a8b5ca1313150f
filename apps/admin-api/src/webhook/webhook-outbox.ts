import {
  Database,
  type EventOutboxRow,
  type OutboxRow,
  WebhookDeliveryRepository,
  WebhookEventOutboxRepository,
  WebhookOutboxRepository,
} from '@app/persistence';
import { Inject, Injectable } from '@nestjs/common';
import { isEventPattern, RECEIVED, wants, wantsReceived } from './webhook-event.js';

/** Rows of the audit in one transaction. */
const ROWS = 500;

/** Turns the audit and the events of sites into deliveries: each once for each webhook that wants it, whoever runs and however often it is killed. */
@Injectable()
export class WebhookOutbox {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(WebhookOutboxRepository) private readonly outbox: WebhookOutboxRepository,
    @Inject(WebhookEventOutboxRepository) private readonly events: WebhookEventOutboxRepository,
    @Inject(WebhookDeliveryRepository) private readonly deliveries: WebhookDeliveryRepository,
  ) {}

  async empty(): Promise<void> {
    const tenants = await this.database.inSystem((tx) => this.outbox.tenants(tx));
    for (const tenantId of tenants) {
      while ((await this.step(tenantId)) === ROWS);
    }
    for (const tenantId of await this.database.inSystem((tx) => this.events.tenants(tx))) {
      while ((await this.eventStep(tenantId)) === ROWS);
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

  /** @returns how many events were read */
  private eventStep(tenantId: string): Promise<number> {
    return this.database.inTenant(tenantId, async (tx) => {
      const listeners = (await this.outbox.listeners(tx, tenantId)).filter(({ events }) => events.some(isEventPattern));
      if (listeners.length === 0) {
        await this.events.skip(tx, tenantId);
        return 0;
      }
      const rows = (await this.events.next(tx, tenantId, ROWS)) ?? [];
      const last = rows.at(-1);
      if (last === undefined) return 0;
      for (const delivery of eventPairs(rows, listeners)) await this.deliveries.insert(tx, tenantId, delivery);
      await this.events.advance(tx, tenantId, last.seq);
      return rows.length;
    });
  }
}

type NewDelivery = Parameters<WebhookDeliveryRepository['insert']>[2];
type Listeners = readonly { id: string; events: string[] }[];

const eventPairs = (rows: readonly EventOutboxRow[], listeners: Listeners): NewDelivery[] =>
  rows.flatMap(({ seq, type }) =>
    listeners
      .filter(({ events }) => wantsReceived(events, type))
      .map(({ id }) => ({ webhookId: id, source: 'event', seq, event: RECEIVED })),
  );

const pairs = (rows: readonly OutboxRow[], listeners: Listeners): NewDelivery[] =>
  rows.flatMap(({ seq, action }) =>
    listeners
      .filter(({ events }) => wants(events, action))
      .map(({ id }) => ({ webhookId: id, source: 'audit', seq, event: action })),
  );
