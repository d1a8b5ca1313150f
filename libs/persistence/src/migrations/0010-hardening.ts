import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Functions that name their schemas, by what they name. */
const setSearchPath = (path: string): string => `
DO $$ DECLARE routine regprocedure; BEGIN
  FOR routine IN SELECT p.oid FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
    AND EXISTS (SELECT FROM unnest(p.proconfig) setting WHERE setting LIKE 'search_path=%') LOOP
    EXECUTE format('ALTER FUNCTION %s SET search_path = ${path}', routine);
  END LOOP;
END $$;`;

const temporary = (change: string): string => `
DO $$ BEGIN EXECUTE format('${change}', current_database()); END $$;`;

/**
 * Revocations become visible in any order: `seq` is taken long before the commit. By the number of its transaction a row
 * has its place among those that are over and those that may still bring some.
 */
const revocationOrder = `
ALTER TABLE revocation ADD COLUMN transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id();
CREATE INDEX revocation_transaction ON revocation (transaction_id, seq);
CREATE OR REPLACE VIEW revocation_feed AS
  SELECT seq, agent_id, serial, reason, revoked_at, effect, transaction_id FROM revocation;`;

const withoutRevocationOrder = `
DROP VIEW revocation_feed;
ALTER TABLE revocation DROP COLUMN transaction_id;
CREATE VIEW revocation_feed AS SELECT seq, agent_id, serial, reason, revoked_at, effect FROM revocation;
ALTER VIEW revocation_feed OWNER TO adit_system;
GRANT SELECT ON revocation_feed TO adit_tunnel_broker;`;

/**
 * Where pg_temp is not named it is searched first: a caller's temporary table would stand in for the one that a function
 * of `adit_system` means, and its triggers would run as that. Nor does any app need temporary tables.
 */
export class Hardening1700000000010 implements MigrationInterface {
  readonly name = 'Hardening1700000000010';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(setSearchPath('pg_catalog, public, pg_temp'));
    await runner.query(temporary('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC'));
    await runner.query(revocationOrder);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(withoutRevocationOrder);
    await runner.query(temporary('GRANT TEMPORARY ON DATABASE %I TO PUBLIC'));
    await runner.query(setSearchPath('pg_catalog, public'));
  }
}
