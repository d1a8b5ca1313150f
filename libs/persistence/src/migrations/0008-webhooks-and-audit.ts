import type { MigrationInterface, QueryRunner } from 'typeorm';
import { auditColumns, withoutAuditColumns } from './webhooks-and-audit/audit-columns.js';
import { presence, withoutPresence } from './webhooks-and-audit/presence.js';
import { webhooks, withoutWebhooks } from './webhooks-and-audit/webhooks.js';

/** The audit by actor, action, subject and time; webhooks fed by it; what was told about sites; an end for history. */
export class WebhooksAndAudit1700000000008 implements MigrationInterface {
  readonly name = 'WebhooksAndAudit1700000000008';

  async up(runner: QueryRunner): Promise<void> {
    for (const part of [auditColumns, webhooks, presence]) await runner.query(part);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const part of [withoutPresence, withoutWebhooks, withoutAuditColumns]) await runner.query(part);
  }
}
