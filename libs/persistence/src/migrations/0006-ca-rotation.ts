import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The deployment's own, not a tenant's: they hold public certificates and no customer datum. Written by keyfile-issuer. */
const deployment = `
-- One row per CA tree there ever was; PEM. A number is never used again.
CREATE TABLE ca_generation (
  generation integer PRIMARY KEY CHECK (generation >= 1),
  root text NOT NULL,
  -- The root as the one before it signed it: for agents that do not know it yet.
  cross_root text,
  agent_ca text NOT NULL,
  claim_ca text NOT NULL,
  server_ca text NOT NULL,
  keyfile_signing text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  -- First and last time that it began and ended to issue.
  activated_at timestamptz,
  deactivated_at timestamptz,
  -- Its keys are destroyed.
  ended_at timestamptz
);

CREATE TABLE trust_bundle (
  version integer PRIMARY KEY CHECK (version >= 1),
  bundle text NOT NULL CHECK (octet_length(bundle) <= 16384),
  created_at timestamptz NOT NULL DEFAULT now()
);

-- The one state of the rotation. Every step is a compare-and-set on the revision.
CREATE TABLE authority (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  revision integer NOT NULL CHECK (revision >= 1),
  step text NOT NULL CHECK (step IN ('idle', 'prepared', 'published', 'activated', 'tainted')),
  current_generation integer NOT NULL REFERENCES ca_generation,
  next_generation integer REFERENCES ca_generation CHECK (next_generation > current_generation),
  bundle_version integer NOT NULL REFERENCES trust_bundle,
  changed_at timestamptz NOT NULL DEFAULT now(),
  changed_by text NOT NULL,
  CHECK ((step = 'idle') = (next_generation IS NULL))
);`;

const acknowledgement = `
-- The newest list of roots that an agent has said it holds.
CREATE TABLE trust_acknowledgement (
  agent_id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenant,
  bundle_version integer NOT NULL CHECK (bundle_version >= 1),
  acknowledged_at timestamptz NOT NULL DEFAULT now(),
  FOREIGN KEY (tenant_id, agent_id) REFERENCES agent (tenant_id, id)
);
ALTER TABLE trust_acknowledgement ENABLE ROW LEVEL SECURITY;
ALTER TABLE trust_acknowledgement FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON trust_acknowledgement USING (tenant_id = nullif(current_setting('adit.tenant', true), '')::uuid)
  WITH CHECK (tenant_id = nullif(current_setting('adit.tenant', true), '')::uuid);
CREATE POLICY system_reader ON trust_acknowledgement FOR SELECT TO adit_system USING (true);`;

const broker = `
-- The revision of the authority that the broker serves with: a step that needs all brokers waits for them.
ALTER TABLE broker ADD COLUMN authority_revision integer NOT NULL DEFAULT 0;`;

const views = `
-- keyfile-issuer: whom a step of the rotation would cut off? Of every tenant.
CREATE VIEW authority_agent_status AS
  SELECT a.tenant_id, a.id AS agent_id, a.created_at AS enrolled_at, a.site_id, s.name AS site_name, s.label AS site_label,
         greatest(c.created_at, t.last_seen_at) AS seen_at, coalesce(k.bundle_version, 1) AS bundle_version, c.issuer_chain
    FROM agent a
    JOIN site s ON s.id = a.site_id
    JOIN LATERAL (SELECT created_at, issuer_chain FROM certificate
                   WHERE agent_id = a.id AND state IN ('pending', 'current') ORDER BY state = 'current' DESC, generation DESC LIMIT 1) c ON true
    LEFT JOIN LATERAL (SELECT last_seen_at FROM tunnel_session
                        WHERE tenant_id = a.tenant_id AND site_id = a.site_id AND agent_id = a.id ORDER BY opened_at DESC LIMIT 1) t ON true
    LEFT JOIN trust_acknowledgement k ON k.agent_id = a.id
   WHERE a.state <> 'revoked';
CREATE VIEW authority_keyfile_status AS
  SELECT tenant_id, id AS keyfile_id, site_id, issued_at FROM enrol_token WHERE state IN ('issued', 'claimed') AND expires_at > now();
ALTER VIEW authority_agent_status OWNER TO adit_system;
ALTER VIEW authority_keyfile_status OWNER TO adit_system;`;

const grants = `
GRANT SELECT ON trust_acknowledgement TO adit_system;
GRANT SELECT, INSERT, UPDATE ON ca_generation, authority, trust_acknowledgement TO adit_keyfile_issuer;
GRANT SELECT, INSERT ON trust_bundle TO adit_keyfile_issuer;
GRANT SELECT ON broker, authority_agent_status, authority_keyfile_status TO adit_keyfile_issuer;`;

/** Rotation of the CAs: trees, signed lists of roots, the one state, and who knows of it. */
export class CaRotation1700000000006 implements MigrationInterface {
  readonly name = 'CaRotation1700000000006';

  async up(runner: QueryRunner): Promise<void> {
    for (const part of [deployment, acknowledgement, broker, views, grants]) await runner.query(part);
  }

  /** Only where no rotation has ended: the apps of before know the first tree alone. */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      REVOKE SELECT ON broker FROM adit_keyfile_issuer;
      DROP VIEW authority_agent_status, authority_keyfile_status;
      DROP TABLE trust_acknowledgement, authority, trust_bundle, ca_generation;
      ALTER TABLE broker DROP COLUMN authority_revision;`);
  }
}
