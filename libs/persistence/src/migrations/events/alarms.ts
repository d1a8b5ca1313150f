import { tenantWall } from '../webhooks-and-audit/tenant-wall.js';

/** Written by federation: raised by an event, acknowledged by a person here or at the site. */
export const alarms = `
CREATE TABLE alarm (
  -- That of the event that raised it.
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenant,
  site_id uuid NOT NULL,
  source_id text NOT NULL CHECK (length(source_id) <= 200),
  entity_id uuid,
  -- What the site calls it.
  remote_alarm_id text NOT NULL CHECK (length(remote_alarm_id) BETWEEN 1 AND 200),
  raised_at timestamptz NOT NULL,
  site_time timestamptz,
  details jsonb NOT NULL,
  state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'acknowledged')),
  acknowledged_by text CHECK (length(acknowledged_by) BETWEEN 1 AND 300),
  acknowledged_at timestamptz,
  -- Whether the site knows: 'none' while there is nothing to tell it.
  delivery text NOT NULL DEFAULT 'none' CHECK (delivery IN ('none', 'pending', 'done', 'refused', 'unsupported')),
  delivery_reason text CHECK (length(delivery_reason) <= 200),
  next_attempt_at timestamptz,
  CHECK ((state = 'acknowledged') = (acknowledged_at IS NOT NULL AND acknowledged_by IS NOT NULL)),
  CHECK ((delivery = 'pending') = (next_attempt_at IS NOT NULL)),
  FOREIGN KEY (tenant_id, site_id) REFERENCES site (tenant_id, id)
);
-- An alarm that is raised again while it is active is the same one.
CREATE UNIQUE INDEX alarm_active ON alarm (site_id, source_id, remote_alarm_id) WHERE state = 'active';
CREATE INDEX alarm_list ON alarm (tenant_id, raised_at, id);
CREATE INDEX alarm_pending ON alarm (next_attempt_at) WHERE delivery = 'pending';
${tenantWall('alarm')}
GRANT DELETE ON alarm TO adit_system;
CREATE POLICY system_prune ON alarm FOR DELETE TO adit_system USING (true);
GRANT SELECT, INSERT, UPDATE ON alarm TO adit_federation;
GRANT SELECT ON alarm TO adit_admin_api;
-- federation: sites that have to be told of an acknowledgement now.
CREATE VIEW alarm_due_feed AS
  SELECT DISTINCT tenant_id, site_id FROM alarm WHERE delivery = 'pending' AND next_attempt_at <= now();
ALTER VIEW alarm_due_feed OWNER TO adit_system;
GRANT SELECT ON alarm_due_feed TO adit_federation;`;

export const withoutAlarms = `
DROP VIEW alarm_due_feed;
DROP TABLE alarm;`;
