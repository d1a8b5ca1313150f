import { tenantWall } from '../webhooks-and-audit/tenant-wall.js';

/** Webhooks hear of a site's events as they do of the audit: by a cursor of their own, and the same deliveries. */
export const webhookEvents = `
ALTER TABLE webhook_delivery ADD COLUMN source text NOT NULL DEFAULT 'audit' CHECK (source IN ('audit', 'event'));
ALTER TABLE webhook_delivery DROP CONSTRAINT webhook_delivery_webhook_id_seq_key;
-- \`seq\` of an event: its arrival in microseconds since 1970.
ALTER TABLE webhook_delivery ADD CONSTRAINT webhook_delivery_told_once UNIQUE (webhook_id, source, seq);
CREATE TABLE webhook_event_cursor (
  tenant_id uuid PRIMARY KEY REFERENCES tenant,
  last_arrived_at timestamptz NOT NULL
);
${tenantWall('webhook_event_cursor')}
GRANT SELECT, INSERT, UPDATE ON webhook_event_cursor TO adit_admin_api;
INSERT INTO webhook_event_cursor (tenant_id, last_arrived_at) SELECT tenant_id, now() FROM webhook_cursor;
-- admin-api: tenants with webhooks, and with events that are not yet turned into deliveries.
CREATE VIEW webhook_event_feed AS
  SELECT c.tenant_id FROM webhook_event_cursor c JOIN event_head h ON h.tenant_id = c.tenant_id
   WHERE h.last_arrived_at > c.last_arrived_at AND EXISTS (SELECT FROM webhook w WHERE w.tenant_id = c.tenant_id);
ALTER VIEW webhook_event_feed OWNER TO adit_system;
GRANT SELECT ON webhook_event_feed TO adit_admin_api;`;

export const withoutWebhookEvents = `
DROP VIEW webhook_event_feed;
DROP TABLE webhook_event_cursor;
DELETE FROM webhook_delivery WHERE source = 'event';
ALTER TABLE webhook_delivery DROP CONSTRAINT webhook_delivery_told_once;
ALTER TABLE webhook_delivery DROP COLUMN source;
ALTER TABLE webhook_delivery ADD CONSTRAINT webhook_delivery_webhook_id_seq_key UNIQUE (webhook_id, seq);`;
