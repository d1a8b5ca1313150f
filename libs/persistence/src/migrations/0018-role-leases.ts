import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Not a tenant's data: processes of federation, each with its heartbeat. */
const replicas = `
CREATE TABLE federation_replica (
  id uuid PRIMARY KEY,
  started_at timestamptz NOT NULL DEFAULT now(),
  heartbeat_at timestamptz NOT NULL DEFAULT now(),
  -- It hands its roles over and takes none.
  leaving boolean NOT NULL DEFAULT false
);
GRANT SELECT, INSERT, UPDATE, DELETE ON federation_replica TO adit_federation;
GRANT SELECT ON federation_replica TO adit_system;`;

const columns = `
ALTER TABLE federation_role
  ADD COLUMN entity_types text[] NOT NULL DEFAULT '{*}' CHECK (cardinality(entity_types) BETWEEN 1 AND 20),
  ADD COLUMN event_types text[] NOT NULL DEFAULT '{*}' CHECK (cardinality(event_types) <= 50),
  ADD COLUMN federate_alarms boolean NOT NULL DEFAULT true,
  -- What the site lets the role's account do, as it said at the last contact.
  ADD COLUMN capabilities text[] NOT NULL DEFAULT '{}',
  -- The process that runs the role; no reference, because it may be gone.
  ADD COLUMN replica_id uuid,
  -- Another one with each owner and each change that an open contact must not outlive: what is written under an earlier one is refused.
  ADD COLUMN lease_generation integer NOT NULL DEFAULT 0;
DROP INDEX federation_role_live;
CREATE INDEX federation_role_live ON federation_role (site_id) WHERE deleted_at IS NULL;
CREATE INDEX federation_role_replica ON federation_role (replica_id) WHERE replica_id IS NOT NULL;
CREATE INDEX entity_role ON entity (role_id);`;

const leases = `
-- federation: which roles does a process run? Of all tenants.
CREATE VIEW role_lease_status AS
  SELECT id AS role_id, tenant_id, site_id, replica_id, lease_generation, state, state_reason
    FROM federation_role WHERE enabled AND deleted_at IS NULL;
ALTER VIEW role_lease_status OWNER TO adit_system;
GRANT SELECT ON role_lease_status TO adit_federation;
GRANT UPDATE (replica_id, lease_generation, state, state_reason, state_since) ON federation_role TO adit_system;
CREATE POLICY system_lease ON federation_role FOR UPDATE TO adit_system USING (true) WITH CHECK (true);

-- federation: a sign of life, then what the process lacks of its share: roles without an owner, and those of owners that are dead.
-- Who was not seen himself takes nothing from the dead: after an outage of the database everybody looks dead for a moment.
CREATE FUNCTION claim_roles(me uuid, OUT held integer, OUT share integer, OUT alive integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  seen boolean;
  claimed integer;
BEGIN
  seen := coalesce((SELECT NOT leaving AND heartbeat_at > now() - interval '5 seconds' FROM federation_replica WHERE id = me), false);
  SELECT count(*) INTO alive FROM federation_replica WHERE id <> me AND NOT leaving AND heartbeat_at > now() - interval '5 seconds';
  alive := alive + 1;
  SELECT ceil(count(*)::numeric / alive), count(*) FILTER (WHERE replica_id = me) INTO share, held
    FROM federation_role WHERE enabled AND deleted_at IS NULL;
  -- What the owner of before said holds no more.
  UPDATE federation_role SET replica_id = me, lease_generation = lease_generation + 1, state = 'connecting', state_reason = NULL,
         state_since = CASE WHEN state = 'connecting' THEN state_since ELSE now() END
   WHERE id IN (
     SELECT r.id FROM federation_role r
      WHERE r.enabled AND r.deleted_at IS NULL AND (r.replica_id IS NULL OR (seen AND r.replica_id <> me AND NOT EXISTS (
              SELECT FROM federation_replica f WHERE f.id = r.replica_id AND f.heartbeat_at > now() - interval '5 seconds')))
      ORDER BY r.id LIMIT greatest(share - held, 0) FOR UPDATE SKIP LOCKED);
  GET DIAGNOSTICS claimed = ROW_COUNT;
  held := held + claimed;
END $$;

-- federation: gives roles back, where the process has them still; without a list all of them.
CREATE FUNCTION release_roles(me uuid, roles uuid[]) RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  WITH released AS (
    UPDATE federation_role SET replica_id = NULL, lease_generation = lease_generation + 1
     WHERE replica_id = me AND (roles IS NULL OR id = ANY (roles)) RETURNING 1)
  SELECT count(*)::integer FROM released $$;
ALTER FUNCTION claim_roles(uuid) OWNER TO adit_system;
ALTER FUNCTION release_roles(uuid, uuid[]) OWNER TO adit_system;
REVOKE ALL ON FUNCTION claim_roles(uuid), release_roles(uuid, uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION claim_roles(uuid), release_roles(uuid, uuid[]) TO adit_federation;`;

/** One live role per site again: the oldest one stays. */
const down = `
DROP FUNCTION release_roles(uuid, uuid[]);
DROP FUNCTION claim_roles(uuid);
DROP POLICY system_lease ON federation_role;
REVOKE UPDATE (replica_id, lease_generation, state, state_reason, state_since) ON federation_role FROM adit_system;
DROP VIEW role_lease_status;
DROP TABLE federation_replica;
DROP INDEX entity_role, federation_role_replica, federation_role_live;
DELETE FROM entity e USING federation_role r
 WHERE r.id = e.role_id AND EXISTS (SELECT FROM federation_role o WHERE o.site_id = r.site_id AND o.deleted_at IS NULL
   AND (o.created_at, o.id) < (r.created_at, r.id));
UPDATE federation_role r SET deleted_at = now(), enabled = false, password_sealed = NULL
 WHERE r.deleted_at IS NULL AND EXISTS (SELECT FROM federation_role o WHERE o.site_id = r.site_id AND o.deleted_at IS NULL
   AND (o.created_at, o.id) < (r.created_at, r.id));
CREATE UNIQUE INDEX federation_role_live ON federation_role (site_id) WHERE deleted_at IS NULL;
ALTER TABLE federation_role DROP COLUMN entity_types, DROP COLUMN event_types, DROP COLUMN federate_alarms,
  DROP COLUMN capabilities, DROP COLUMN replica_id, DROP COLUMN lease_generation;`;

/** Several roles per site, what each federates, and which process of federation runs it. */
export class RoleLeases1700000000018 implements MigrationInterface {
  readonly name = 'RoleLeases1700000000018';

  async up(runner: QueryRunner): Promise<void> {
    for (const part of [replicas, columns, leases]) await runner.query(part);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(down);
  }
}
