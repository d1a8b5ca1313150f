export const federationSchema = `
CREATE TABLE federation_role (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id uuid NOT NULL REFERENCES tenant,
  site_id uuid NOT NULL,
  name text NOT NULL,
  directory_address text,
  username text,
  -- AES-256-GCM under federation's own key file, tenant and row as additional data.
  password_sealed bytea,
  tls_pin text,
  resilient_connection boolean NOT NULL DEFAULT false,
  reconnection_timeout_s integer NOT NULL DEFAULT 60 CHECK (reconnection_timeout_s BETWEEN 0 AND 86400),
  default_stream_usage text NOT NULL DEFAULT 'automatic',
  enabled boolean NOT NULL DEFAULT false,
  state text NOT NULL DEFAULT 'unconfigured' CHECK (state IN ('unconfigured', 'connecting', 'synchronizing', 'connected',
    'invalid-credentials', 'connection-failed', 'warning', 'disabled')),
  state_reason text,
  state_since timestamptz NOT NULL DEFAULT now(),
  last_contact_at timestamptz,
  clock_skew_ms double precision,
  -- Revision of the site's entities that this host has; 0 asks for a snapshot.
  entity_revision bigint NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now(),
  -- A deleted role stays as a mark that the site has had its first one.
  deleted_at timestamptz,
  FOREIGN KEY (tenant_id, site_id) REFERENCES site (tenant_id, id)
);
CREATE INDEX federation_role_site ON federation_role (tenant_id, site_id);
-- One live role per site in 0.x.
CREATE UNIQUE INDEX federation_role_live ON federation_role (site_id) WHERE deleted_at IS NULL;

CREATE TABLE entity (
  -- UUIDv5 of (site id, remote id): a role created again finds the same ids.
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenant,
  site_id uuid NOT NULL,
  role_id uuid NOT NULL REFERENCES federation_role,
  remote_id text NOT NULL,
  kind text NOT NULL,
  name text NOT NULL,
  parent_remote_id text,
  path text NOT NULL,
  state text NOT NULL CHECK (state IN ('online', 'offline', 'unknown')),
  state_reason text,
  details jsonb NOT NULL DEFAULT '{}',
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (site_id, remote_id),
  UNIQUE (site_id, kind, path),
  FOREIGN KEY (tenant_id, site_id) REFERENCES site (tenant_id, id)
);
CREATE INDEX entity_tenant_kind ON entity (tenant_id, kind, id);`;
