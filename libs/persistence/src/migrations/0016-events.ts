import type { MigrationInterface, QueryRunner } from 'typeorm';
import { alarms, withoutAlarms } from './events/alarms.js';
import { eventKeeping, eventLog, withoutEventLog } from './events/event-log.js';
import { webhookEvents, withoutWebhookEvents } from './events/webhook-events.js';

/** What happens at sites, and the alarms among it. */
export class Events1700000000016 implements MigrationInterface {
  readonly name = 'Events1700000000016';

  async up(runner: QueryRunner): Promise<void> {
    for (const part of [eventLog, alarms, eventKeeping, webhookEvents]) await runner.query(part);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const part of [withoutWebhookEvents, withoutAlarms, withoutEventLog]) await runner.query(part);
  }
}
