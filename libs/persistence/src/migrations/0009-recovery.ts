import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A restore leaves a row here; the newest tells brokers that the database is another one than before. */
const mark = `
CREATE TABLE recovery (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  backup_taken_at timestamptz NOT NULL,
  restored_at timestamptz NOT NULL DEFAULT now(),
  -- Without the journal nobody knows what was revoked since the backup: every agent that is not on record waits for an operator.
  journal text NOT NULL CHECK (journal IN ('merged', 'absent')),
  closed_at timestamptz,
  closed_by text,
  CHECK ((closed_at IS NULL) = (closed_by IS NULL))
);
CREATE VIEW recovery_status AS
  SELECT id AS generation, EXISTS (SELECT FROM recovery WHERE closed_at IS NULL) AS open
    FROM recovery ORDER BY restored_at DESC, id LIMIT 1;`;

/** No foreign keys: the tenant and the agent may be among what was lost. */
const tables = `
CREATE TABLE recovery_denied (
  tenant_id uuid NOT NULL,
  agent_id uuid NOT NULL,
  -- A lock ends with its unlocking; what was revoked stays out whatever else happened to it.
  kind text NOT NULL CHECK (kind IN ('revoked', 'locked')),
  reason text NOT NULL,
  PRIMARY KEY (tenant_id, agent_id, kind)
);
CREATE TABLE recovery_denied_certificate (
  tenant_id uuid NOT NULL,
  serial text NOT NULL,
  PRIMARY KEY (tenant_id, serial)
);
-- One per certificate: an approval is for the one that the operator has seen, and nobody changes what it shows.
CREATE TABLE recovery_request (
  agent_id uuid NOT NULL,
  tenant_id uuid NOT NULL,
  site_id uuid NOT NULL,
  site_label text NOT NULL,
  serial text NOT NULL,
  der bytea NOT NULL CHECK (length(der) <= 6144),
  peer_address text NOT NULL,
  requested_at timestamptz NOT NULL DEFAULT now(),
  approved_at timestamptz,
  approved_by text,
  PRIMARY KEY (agent_id, serial),
  CHECK ((approved_at IS NULL) = (approved_by IS NULL))
);
CREATE VIEW recovery_lookup AS
  SELECT q.agent_id, q.tenant_id, q.site_id, q.site_label, q.serial, q.der, q.peer_address, q.requested_at, q.approved_at
    FROM recovery_request q;
CREATE VIEW recovered_lookup AS SELECT serial, recovered_at FROM certificate WHERE recovered_at IS NOT NULL;`;

/** A recovered certificate comes from a keyfile or a renewal that is not on record any more. */
const origin = `
ALTER TABLE certificate ADD COLUMN recovered_at timestamptz;
ALTER TABLE certificate DROP CONSTRAINT certificate_check;
ALTER TABLE certificate ADD CONSTRAINT certificate_origin
  CHECK (recovered_at IS NOT NULL OR (enrol_token_id IS NULL) <> (renews IS NULL));`;

/** Sites are admin-api's to write; the issuer gets this one way to put back what a certificate proves, while a recovery is open. */
const recoverSite = `
CREATE FUNCTION recover_site(lost_tenant uuid, lost_site uuid, wanted text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE mark text := right(lost_site::text, 8);
BEGIN
  IF NOT EXISTS (SELECT FROM recovery WHERE closed_at IS NULL) THEN
    RAISE EXCEPTION 'no recovery is open' USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF EXISTS (SELECT FROM site WHERE tenant_id = lost_tenant AND id = lost_site) THEN RETURN false; END IF;
  INSERT INTO tenant (id, name) VALUES (lost_tenant, 'Recovered ' || right(lost_tenant::text, 8)) ON CONFLICT DO NOTHING;
  INSERT INTO site (id, tenant_id, name, label) VALUES (lost_site, lost_tenant, 'Recovered ' || mark,
    CASE WHEN EXISTS (SELECT FROM site WHERE tenant_id = lost_tenant AND label = wanted AND deleted_at IS NULL) THEN 'recovered-' || mark ELSE wanted END);
  RETURN true;
END $$;
CREATE POLICY system_recover ON tenant FOR INSERT TO adit_system WITH CHECK (true);
CREATE POLICY system_recover ON site FOR INSERT TO adit_system WITH CHECK (true);`;

const policies = (table: string): string => `
ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE ${table} FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON ${table} USING (tenant_id = nullif(current_setting('adit.tenant', true), '')::uuid)
  WITH CHECK (tenant_id = nullif(current_setting('adit.tenant', true), '')::uuid);
CREATE POLICY system_reader ON ${table} FOR SELECT TO adit_system USING (true);`;

const rights = `
${['recovery_denied', 'recovery_denied_certificate', 'recovery_request'].map(policies).join('')}
GRANT SELECT ON recovery, recovery_denied, recovery_denied_certificate, recovery_request, certificate TO adit_system;
GRANT INSERT ON tenant, site TO adit_system;
ALTER VIEW recovery_status OWNER TO adit_system;
ALTER VIEW recovery_lookup OWNER TO adit_system;
ALTER VIEW recovered_lookup OWNER TO adit_system;
ALTER FUNCTION recover_site(uuid, uuid, text) OWNER TO adit_system;
REVOKE ALL ON FUNCTION recover_site(uuid, uuid, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION recover_site(uuid, uuid, text) TO adit_keyfile_issuer;
GRANT SELECT, UPDATE (closed_at, closed_by) ON recovery TO adit_keyfile_issuer;
GRANT SELECT ON recovery_denied, recovery_denied_certificate, recovery_status, recovery_lookup, recovered_lookup TO adit_keyfile_issuer;
GRANT SELECT, INSERT, UPDATE ON recovery_request TO adit_keyfile_issuer;
GRANT SELECT ON recovery_status TO adit_tunnel_broker;`;

/** What brings agents back that a restored backup does not know (docs/backup.md). */
export class Recovery1700000000009 implements MigrationInterface {
  readonly name = 'Recovery1700000000009';

  async up(runner: QueryRunner): Promise<void> {
    for (const part of [mark, origin, tables, recoverSite, rights]) await runner.query(part);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP VIEW recovered_lookup, recovery_lookup, recovery_status;
      DROP FUNCTION recover_site(uuid, uuid, text);
      DROP POLICY system_recover ON tenant;
      DROP POLICY system_recover ON site;
      REVOKE INSERT ON tenant, site FROM adit_system;
      DROP TABLE recovery_request, recovery_denied, recovery_denied_certificate, recovery;
      DELETE FROM certificate WHERE (enrol_token_id IS NULL) = (renews IS NULL);
      ALTER TABLE certificate DROP CONSTRAINT certificate_origin;
      ALTER TABLE certificate DROP COLUMN recovered_at;
      ALTER TABLE certificate ADD CONSTRAINT certificate_check CHECK ((enrol_token_id IS NULL) <> (renews IS NULL));
    `);
  }
}
