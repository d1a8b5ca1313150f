import { tenantWall } from './tenant-wall.js';

/**
 * The outbox of webhooks is the audit: a delivery names the row of the tenant's chain that it tells of, and
 * `webhook_cursor` how far the chain has been turned into deliveries.
 */
export const webhooks = `
CREATE TABLE webhook (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenant,
  url text NOT NULL CHECK (length(url) BETWEEN 1 AND 2000),
  description text NOT NULL CHECK (length(description) <= 200),
  events text[] NOT NULL CHECK (cardinality(events) BETWEEN 1 AND 50),
  enabled boolean NOT NULL DEFAULT true,
  disabled_reason text,
  secret bytea NOT NULL,
  -- Signs beside the new one until then, so that a receiver can change over.
  previous_secret bytea,
  previous_secret_until timestamptz,
  failing_since timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CHECK (enabled = (disabled_reason IS NULL)),
  CHECK ((previous_secret IS NULL) = (previous_secret_until IS NULL)),
  UNIQUE (tenant_id, id)
);
CREATE TABLE webhook_delivery (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id uuid NOT NULL REFERENCES tenant,
  webhook_id uuid NOT NULL,
  seq bigint NOT NULL,
  event text NOT NULL,
  state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'failed')),
  attempts integer NOT NULL DEFAULT 0,
  -- Of attempts under way: when another worker may take it for lost.
  next_attempt_at timestamptz NOT NULL DEFAULT now(),
  -- Retries end some time after this.
  due_since timestamptz NOT NULL DEFAULT now(),
  last_attempt_at timestamptz,
  last_status integer,
  last_error text,
  last_duration_ms integer,
  delivered_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  CHECK ((state = 'delivered') = (delivered_at IS NOT NULL)),
  UNIQUE (webhook_id, seq),
  FOREIGN KEY (tenant_id, webhook_id) REFERENCES webhook (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX webhook_delivery_list ON webhook_delivery (webhook_id, created_at DESC, id DESC);
CREATE INDEX webhook_delivery_next ON webhook_delivery (webhook_id, next_attempt_at) WHERE state = 'pending';
CREATE INDEX webhook_delivery_due ON webhook_delivery (next_attempt_at) WHERE state = 'pending';
CREATE INDEX webhook_delivery_over ON webhook_delivery (created_at) WHERE state <> 'pending';
CREATE TABLE webhook_cursor (
  tenant_id uuid PRIMARY KEY REFERENCES tenant,
  seq bigint NOT NULL
);
${['webhook', 'webhook_delivery', 'webhook_cursor'].map(tenantWall).join('\n')}
GRANT SELECT, INSERT, UPDATE, DELETE ON webhook, webhook_delivery TO adit_admin_api;
GRANT SELECT, INSERT, UPDATE ON webhook_cursor TO adit_admin_api;

-- admin-api: tenants with deliveries that are due, with audit that is not yet turned into any, with old deliveries.
CREATE VIEW webhook_due_feed AS
  SELECT DISTINCT tenant_id FROM webhook_delivery WHERE state = 'pending' AND next_attempt_at <= now();
CREATE VIEW webhook_audit_feed AS
  SELECT c.tenant_id FROM webhook_cursor c JOIN audit_head h ON h.chain = c.tenant_id
   WHERE h.seq > c.seq AND EXISTS (SELECT FROM webhook w WHERE w.tenant_id = c.tenant_id);
CREATE VIEW webhook_tenant_feed AS SELECT DISTINCT tenant_id FROM webhook;
CREATE VIEW webhook_backlog_status AS
  SELECT count(*)::integer AS pending, coalesce(extract(epoch FROM now() - min(due_since)), 0)::float8 AS oldest_seconds
    FROM webhook_delivery WHERE state = 'pending';
ALTER VIEW webhook_backlog_status OWNER TO adit_system;
ALTER VIEW webhook_due_feed OWNER TO adit_system;
ALTER VIEW webhook_audit_feed OWNER TO adit_system;
ALTER VIEW webhook_tenant_feed OWNER TO adit_system;
GRANT SELECT ON webhook_due_feed, webhook_audit_feed, webhook_tenant_feed, webhook_backlog_status TO adit_admin_api;`;

export const withoutWebhooks = `
DROP VIEW webhook_due_feed, webhook_audit_feed, webhook_tenant_feed, webhook_backlog_status;
DROP TABLE webhook_delivery, webhook_cursor, webhook;`;
