export const operatorSchema = `
CREATE TABLE operator (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id uuid NOT NULL REFERENCES tenant,
  username text NOT NULL CHECK (length(username) BETWEEN 1 AND 100),
  password_hash text NOT NULL CHECK (password_hash LIKE '$argon2id$%'),
  created_at timestamptz NOT NULL DEFAULT now(),
  disabled_at timestamptz,
  UNIQUE (tenant_id, id)
);
CREATE UNIQUE INDEX operator_username ON operator (lower(username));

CREATE TABLE bearer_token (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id uuid NOT NULL REFERENCES tenant,
  operator_id uuid NOT NULL,
  token_hash bytea NOT NULL UNIQUE CHECK (length(token_hash) = 32),
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  revoked_at timestamptz,
  FOREIGN KEY (tenant_id, operator_id) REFERENCES operator (tenant_id, id) ON DELETE CASCADE
);

CREATE TABLE view_ticket (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenant,
  site_label text NOT NULL,
  camera text NOT NULL,
  usage text NOT NULL,
  issued_to text NOT NULL,
  issued_at timestamptz NOT NULL DEFAULT now(),
  first_use_by timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  revoked_at timestamptz
);
CREATE INDEX view_ticket_tenant ON view_ticket (tenant_id, issued_at);

-- Written by the video redirector: a ticket belongs to the address that used it first.
CREATE TABLE view_ticket_use (
  ticket_id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenant,
  first_used_at timestamptz NOT NULL DEFAULT now(),
  address inet NOT NULL
);`;
