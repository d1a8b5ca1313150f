export const tunnelSchema = `
-- One row per broker process; a restarted broker is another one. Not a tenant's: holds no customer datum.
CREATE TABLE broker (
  id uuid PRIMARY KEY,
  ingress text NOT NULL,
  ingress_tls boolean NOT NULL DEFAULT false,
  state text NOT NULL DEFAULT 'serving' CHECK (state IN ('serving', 'draining', 'stopped')),
  started_at timestamptz NOT NULL DEFAULT now(),
  heartbeat_at timestamptz NOT NULL DEFAULT now()
);

-- The open sessions and, once closed_at is set, the history of up and down.
CREATE TABLE tunnel_session (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenant,
  site_id uuid NOT NULL,
  agent_id uuid NOT NULL,
  broker_id uuid NOT NULL REFERENCES broker,
  instance_id text NOT NULL CHECK (length(instance_id) BETWEEN 1 AND 64),
  epoch bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  certificate_serial text NOT NULL,
  remote_address text NOT NULL,
  agent_version text NOT NULL,
  platform text NOT NULL,
  opened_at timestamptz NOT NULL DEFAULT now(),
  last_seen_at timestamptz NOT NULL DEFAULT now(),
  rtt_ms real,
  clock_skew_ms double precision,
  closed_at timestamptz,
  close_reason text,
  CHECK ((closed_at IS NULL) = (close_reason IS NULL)),
  FOREIGN KEY (tenant_id, site_id) REFERENCES site (tenant_id, id),
  FOREIGN KEY (tenant_id, agent_id) REFERENCES agent (tenant_id, id)
);
CREATE UNIQUE INDEX tunnel_session_open ON tunnel_session (agent_id, broker_id) WHERE closed_at IS NULL;
CREATE INDEX tunnel_session_site ON tunnel_session (tenant_id, site_id, opened_at DESC);
CREATE INDEX tunnel_session_broker ON tunnel_session (broker_id) WHERE closed_at IS NULL;`;
