import type { MigrationInterface, QueryRunner } from 'typeorm';

const idempotency = `
-- Answers of creations for 24 h, by the caller and the digest of its Idempotency-Key; sealed under admin-api's field key.
CREATE TABLE idempotency_key (
  tenant_id uuid NOT NULL REFERENCES tenant,
  caller text NOT NULL,
  key_digest bytea NOT NULL CHECK (length(key_digest) = 32),
  request_digest bytea NOT NULL CHECK (length(request_digest) = 32),
  claim_id uuid NOT NULL,
  lease_until timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  answered_at timestamptz,
  answer_sealed bytea,
  CHECK (answer_sealed IS NULL OR answered_at IS NOT NULL),
  PRIMARY KEY (tenant_id, caller, key_digest)
);
CREATE INDEX idempotency_key_expiry ON idempotency_key (expires_at);
ALTER TABLE idempotency_key ENABLE ROW LEVEL SECURITY;
ALTER TABLE idempotency_key FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON idempotency_key USING (tenant_id = nullif(current_setting('adit.tenant', true), '')::uuid)
  WITH CHECK (tenant_id = nullif(current_setting('adit.tenant', true), '')::uuid);
CREATE POLICY system_prune ON idempotency_key FOR ALL TO adit_system USING (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency_key TO adit_admin_api;
GRANT SELECT, DELETE ON idempotency_key TO adit_system;
CREATE FUNCTION prune_idempotency_keys() RETURNS integer LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  WITH pruned AS (DELETE FROM idempotency_key WHERE expires_at <= now() RETURNING 1) SELECT count(*)::integer FROM pruned $$;
ALTER FUNCTION prune_idempotency_keys() OWNER TO adit_system;
REVOKE ALL ON FUNCTION prune_idempotency_keys() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION prune_idempotency_keys() TO adit_admin_api;`;

/** Answers of creations; facts that operators keep of a site. */
export class SiteFacts1700000000004 implements MigrationInterface {
  readonly name = 'SiteFacts1700000000004';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(idempotency);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP FUNCTION prune_idempotency_keys(); DROP TABLE idempotency_key;');
  }
}
