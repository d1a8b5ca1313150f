import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who, when and where for each step of a keyfile; `downloaded` is when its content was handed out. */
const keyfileSteps = `
ALTER TABLE enrol_token
  ADD downloaded_at timestamptz,
  ADD downloaded_by text,
  ADD closed_from text,
  ADD revoked_by text,
  ADD revoke_reason text,
  ADD sealed boolean NOT NULL DEFAULT false,
  ADD regenerates uuid REFERENCES enrol_token,
  ADD replaces_at_enrolment boolean NOT NULL DEFAULT false,
  ADD CONSTRAINT enrol_token_downloaded CHECK ((downloaded_at IS NULL) = (downloaded_by IS NULL));
CREATE INDEX enrol_token_of_site ON enrol_token (site_id, issued_at DESC, id DESC);`;

/**
 * A batch of sites, worked off row by row. The passphrase is under admin-api's field key and erased with the end of the work;
 * keyfiles are sealed with that passphrase before they are stored, and erased when their time is over.
 */
const onboarding = `
CREATE TABLE onboarding (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id uuid NOT NULL REFERENCES tenant,
  state text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'completed', 'cancelled')),
  total integer NOT NULL CHECK (total BETWEEN 1 AND 1000),
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by text NOT NULL,
  correlation_id text NOT NULL,
  sealed_passphrase bytea,
  salt bytea NOT NULL CHECK (length(salt) = 16),
  finished_at timestamptz,
  finished_by text,
  download_until timestamptz,
  downloaded_at timestamptz,
  downloaded_by text,
  erased_at timestamptz,
  CHECK ((state = 'running') = (sealed_passphrase IS NOT NULL)),
  CHECK ((state = 'running') = (finished_at IS NULL)),
  CHECK ((finished_at IS NULL) = (download_until IS NULL)),
  UNIQUE (tenant_id, id)
);
CREATE INDEX onboarding_kept ON onboarding (created_at) WHERE erased_at IS NULL;
CREATE INDEX onboarding_newest ON onboarding (tenant_id, created_at DESC, id DESC);

CREATE TABLE onboarding_row (
  onboarding_id uuid NOT NULL,
  tenant_id uuid NOT NULL REFERENCES tenant,
  number integer NOT NULL CHECK (number BETWEEN 1 AND 1000),
  name text NOT NULL,
  label text,
  valid_for_seconds integer,
  tags jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(tags) = 'object'),
  address text,
  latitude double precision,
  longitude double precision,
  notes text,
  state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'done', 'failed', 'cancelled')),
  site_id uuid,
  keyfile_id uuid,
  fingerprint text,
  expires_at timestamptz,
  sealed_keyfile text CHECK (length(sealed_keyfile) <= 24576),
  error_code text,
  error_detail text,
  finished_at timestamptz,
  PRIMARY KEY (onboarding_id, number),
  CHECK ((state = 'done') = (keyfile_id IS NOT NULL)),
  CHECK ((state = 'failed') = (error_code IS NOT NULL)),
  CHECK (state = 'done' OR sealed_keyfile IS NULL),
  CHECK ((state = 'waiting') = (finished_at IS NULL)),
  FOREIGN KEY (tenant_id, onboarding_id) REFERENCES onboarding (tenant_id, id),
  FOREIGN KEY (tenant_id, site_id) REFERENCES site (tenant_id, id)
);
CREATE UNIQUE INDEX onboarding_row_site ON onboarding_row (site_id) WHERE site_id IS NOT NULL;
CREATE UNIQUE INDEX onboarding_row_keyfile ON onboarding_row (keyfile_id) WHERE keyfile_id IS NOT NULL;

-- admin-api: what is there to do, of all tenants?
CREATE VIEW onboarding_lookup AS
  SELECT id AS onboarding_id, tenant_id, state, created_at FROM onboarding
   WHERE state = 'running' OR (erased_at IS NULL AND download_until <= now());`;

const walls = (table: string): string => `
ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE ${table} FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON ${table} USING (tenant_id = nullif(current_setting('adit.tenant', true), '')::uuid)
  WITH CHECK (tenant_id = nullif(current_setting('adit.tenant', true), '')::uuid);`;

const rights = `
CREATE POLICY system_reader ON onboarding FOR SELECT TO adit_system USING (true);
GRANT SELECT ON onboarding TO adit_system;
ALTER VIEW onboarding_lookup OWNER TO adit_system;
GRANT SELECT, INSERT, UPDATE ON onboarding, onboarding_row TO adit_admin_api;
GRANT SELECT ON onboarding_lookup TO adit_admin_api;`;

export class Onboarding1700000000007 implements MigrationInterface {
  readonly name = 'Onboarding1700000000007';

  async up(runner: QueryRunner): Promise<void> {
    const parts = [keyfileSteps, onboarding, walls('onboarding'), walls('onboarding_row'), rights];
    for (const part of parts) await runner.query(part);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP VIEW onboarding_lookup;
      DROP TABLE onboarding_row, onboarding;
      DROP INDEX enrol_token_of_site;
      ALTER TABLE enrol_token DROP CONSTRAINT enrol_token_downloaded, DROP downloaded_at, DROP downloaded_by, DROP closed_from,
        DROP revoked_by, DROP revoke_reason, DROP sealed, DROP regenerates, DROP replaces_at_enrolment;`);
  }
}
