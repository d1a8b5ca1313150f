import type { MigrationInterface, QueryRunner } from 'typeorm';

const columns = `
ALTER TABLE agent ADD COLUMN locked_at timestamptz, ADD COLUMN lock_reason text;
ALTER TABLE agent ADD CONSTRAINT agent_locked CHECK (state <> 'locked' OR (locked_at IS NOT NULL AND lock_reason IS NOT NULL));
CREATE INDEX tunnel_session_agent ON tunnel_session (agent_id, opened_at DESC);
CREATE INDEX agent_tenant ON agent (tenant_id, created_at, id);
-- A keyfile of purpose 'return' gives an agent that is there its next certificate, for a proof by a key that it had.
ALTER TABLE enrol_token ADD COLUMN purpose text NOT NULL DEFAULT 'enrol' CHECK (purpose IN ('enrol', 'return'));
-- 'locked': sessions end, but nothing is taken back.
ALTER TABLE revocation ADD COLUMN effect text NOT NULL DEFAULT 'revoked' CHECK (effect IN ('revoked', 'locked'));
CREATE OR REPLACE VIEW revocation_feed AS SELECT seq, agent_id, serial, reason, revoked_at, effect FROM revocation;`;

/** All but the key's hash and the bytes. */
const grants = `
GRANT SELECT (serial, tenant_id, agent_id, renews, generation, state, not_before, not_after, created_at, activated_at,
  superseded_at, revoked_at) ON certificate TO adit_admin_api;`;

const undo = `
REVOKE SELECT (serial, tenant_id, agent_id, renews, generation, state, not_before, not_after, created_at, activated_at,
  superseded_at, revoked_at) ON certificate FROM adit_admin_api;
DROP VIEW revocation_feed;
CREATE VIEW revocation_feed AS SELECT seq, agent_id, serial, reason, revoked_at FROM revocation;
ALTER VIEW revocation_feed OWNER TO adit_system;
GRANT SELECT ON revocation_feed TO adit_tunnel_broker;
ALTER TABLE revocation DROP COLUMN effect;
ALTER TABLE enrol_token DROP COLUMN purpose;
DROP INDEX agent_tenant;
DROP INDEX tunnel_session_agent;
ALTER TABLE agent DROP CONSTRAINT agent_locked;
ALTER TABLE agent DROP COLUMN lock_reason, DROP COLUMN locked_at;`;

/** Renewal itself needs nothing new: the first schema's certificate has `renews`, `generation` and their constraints. */
export class CertificateRenewal1700000000005 implements MigrationInterface {
  readonly name = 'CertificateRenewal1700000000005';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(columns + grants);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(undo);
  }
}
