export const apiTokens = `
CREATE TABLE api_token (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id uuid NOT NULL REFERENCES tenant,
  operator_id uuid NOT NULL,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  token_hash bytea NOT NULL UNIQUE CHECK (length(token_hash) = 32),
  scopes text[] NOT NULL CHECK (cardinality(scopes) BETWEEN 1 AND 100),
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  last_used_at timestamptz,
  revoked_at timestamptz,
  CHECK (expires_at <= created_at + interval '366 days'),
  FOREIGN KEY (tenant_id, operator_id) REFERENCES operator (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX api_token_operator ON api_token (tenant_id, operator_id, created_at, id);
ALTER TABLE api_token ENABLE ROW LEVEL SECURITY;
ALTER TABLE api_token FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON api_token USING (tenant_id = nullif(current_setting('adit.tenant', true), '')::uuid)
  WITH CHECK (tenant_id = nullif(current_setting('adit.tenant', true), '')::uuid);
CREATE POLICY system_reader ON api_token FOR SELECT TO adit_system USING (true);
GRANT SELECT ON api_token TO adit_system;
GRANT SELECT, INSERT, UPDATE ON api_token TO adit_admin_api;`;
