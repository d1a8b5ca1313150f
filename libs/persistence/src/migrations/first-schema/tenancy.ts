/** The one tenant that exists from the start. */
export const DEFAULT_TENANT_ID = '01900000-0000-7000-8000-000000000001';

export const tenancySchema = `
CREATE TABLE tenant (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO tenant (id, name) VALUES ('${DEFAULT_TENANT_ID}', 'Default');

CREATE TABLE site (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id uuid NOT NULL REFERENCES tenant,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  label text NOT NULL CHECK (label ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (tenant_id, label),
  UNIQUE (tenant_id, id)
);`;
