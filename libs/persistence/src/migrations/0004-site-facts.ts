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

const facts = `
ALTER TABLE site
  ADD COLUMN tags jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(tags) = 'object'),
  ADD COLUMN address text CHECK (length(address) BETWEEN 1 AND 500),
  ADD COLUMN latitude double precision CHECK (latitude BETWEEN -90 AND 90),
  ADD COLUMN longitude double precision CHECK (longitude BETWEEN -180 AND 180),
  ADD COLUMN notes text CHECK (length(notes) BETWEEN 1 AND 4000),
  -- A deleted site stays for its history: its rows refer to it, and its label may be given again.
  ADD COLUMN deleted_at timestamptz,
  ADD CHECK ((latitude IS NULL) = (longitude IS NULL));
ALTER TABLE site DROP CONSTRAINT site_tenant_id_label_key;
CREATE UNIQUE INDEX site_label ON site (tenant_id, label) WHERE deleted_at IS NULL;
CREATE INDEX site_created ON site (tenant_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX site_name ON site (tenant_id, lower(name), id) WHERE deleted_at IS NULL;
CREATE POLICY not_deleted ON site AS RESTRICTIVE FOR SELECT TO adit_admin_api, adit_keyfile_issuer USING (deleted_at IS NULL);`;

/** One statement changes sessions of many sites: rows are locked in the order of the sites, so that no two wait for each other. */
const newestSession = `
-- The newest session of each site that has ever connected, an open one before all that are closed: written by the trigger
-- alone, because to look it up takes 15 us a site, and lists ask for that of all.
CREATE TABLE site_tunnel (
  site_id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenant,
  session_id uuid,
  broker_id uuid,
  opened_at timestamptz,
  closed_at timestamptz,
  FOREIGN KEY (tenant_id, site_id) REFERENCES site (tenant_id, id)
);
ALTER TABLE site_tunnel ENABLE ROW LEVEL SECURITY;
ALTER TABLE site_tunnel FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON site_tunnel USING (tenant_id = nullif(current_setting('adit.tenant', true), '')::uuid)
  WITH CHECK (tenant_id = nullif(current_setting('adit.tenant', true), '')::uuid);
CREATE POLICY system_follow ON site_tunnel FOR ALL TO adit_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON site_tunnel TO adit_system;
GRANT SELECT ON site_tunnel TO adit_admin_api;

CREATE INDEX tunnel_session_newest ON tunnel_session (tenant_id, site_id, (closed_at IS NULL) DESC, epoch DESC);
CREATE FUNCTION follow_newest_session(sites uuid[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
  INSERT INTO site_tunnel (site_id, tenant_id) SELECT id, tenant_id FROM site WHERE id = ANY (sites) ORDER BY id ON CONFLICT DO NOTHING;
  PERFORM FROM site_tunnel WHERE site_id = ANY (sites) ORDER BY site_id FOR UPDATE;
  -- A statement of its own, and so a look of its own: behind the locks it sees what others have committed before.
  UPDATE site_tunnel t SET session_id = n.id, broker_id = n.broker_id, opened_at = n.opened_at, closed_at = n.closed_at
    FROM site_tunnel o, LATERAL (SELECT x.id, x.broker_id, x.opened_at, x.closed_at FROM tunnel_session x
      WHERE x.tenant_id = o.tenant_id AND x.site_id = o.site_id ORDER BY (x.closed_at IS NULL) DESC, x.epoch DESC LIMIT 1) n
   WHERE o.site_id = t.site_id AND t.site_id = ANY (sites);
END $$;
ALTER FUNCTION follow_newest_session(uuid[]) OWNER TO adit_system;
REVOKE ALL ON FUNCTION follow_newest_session(uuid[]) FROM PUBLIC;
CREATE FUNCTION session_opened() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN PERFORM follow_newest_session(array_agg(DISTINCT site_id)) FROM opened; RETURN NULL; END $$;
CREATE FUNCTION session_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE sites uuid[];
BEGIN
  -- Most updates are signs of life, which change nothing here.
  SELECT array_agg(DISTINCT n.site_id) INTO sites FROM after n JOIN before o ON o.id = n.id WHERE o.closed_at IS DISTINCT FROM n.closed_at;
  IF sites IS NOT NULL THEN PERFORM follow_newest_session(sites); END IF;
  RETURN NULL;
END $$;
ALTER FUNCTION session_opened() OWNER TO adit_system;
ALTER FUNCTION session_changed() OWNER TO adit_system;
CREATE TRIGGER site_tunnel_opened AFTER INSERT ON tunnel_session
  REFERENCING NEW TABLE AS opened FOR EACH STATEMENT EXECUTE FUNCTION session_opened();
CREATE TRIGGER site_tunnel_changed AFTER UPDATE ON tunnel_session
  REFERENCING OLD TABLE AS before NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION session_changed();
SELECT follow_newest_session(array_agg(DISTINCT site_id)) FROM tunnel_session;`;

const withoutNewestSession = `
DROP TRIGGER site_tunnel_opened ON tunnel_session;
DROP TRIGGER site_tunnel_changed ON tunnel_session;
DROP FUNCTION session_opened();
DROP FUNCTION session_changed();
DROP FUNCTION follow_newest_session(uuid[]);
DROP INDEX tunnel_session_newest;
DROP TABLE site_tunnel;`;

const deletion = `
-- admin-api: sites that have an agent, or a keyfile that may still make one.
CREATE VIEW site_identity_status AS
  SELECT tenant_id, site_id FROM agent WHERE state IN ('active', 'locked')
  UNION SELECT tenant_id, site_id FROM enrol_token WHERE state = 'redeemed' OR (state IN ('issued', 'claimed') AND expires_at > now());
ALTER VIEW site_identity_status OWNER TO adit_system;
GRANT SELECT ON site_identity_status TO adit_admin_api;

-- The row that hides itself could not pass its own policy: hence a function. @returns whether there was such a site
CREATE FUNCTION delete_site(tenant uuid, site uuid) RETURNS boolean LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  WITH deleted AS (UPDATE site s SET deleted_at = now() WHERE s.tenant_id = tenant AND s.id = site AND s.deleted_at IS NULL RETURNING 1)
  SELECT EXISTS (SELECT FROM deleted) $$;
GRANT UPDATE (deleted_at) ON site TO adit_system;
CREATE POLICY system_delete ON site FOR UPDATE TO adit_system USING (true) WITH CHECK (true);
ALTER FUNCTION delete_site(uuid, uuid) OWNER TO adit_system;
REVOKE ALL ON FUNCTION delete_site(uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION delete_site(uuid, uuid) TO adit_admin_api;

-- Behind the check of the foreign key, in the order of the names: that has locked the site's row, or waited for its deletion.
CREATE FUNCTION refuse_deleted_site() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
  IF EXISTS (SELECT FROM site WHERE id = NEW.site_id AND deleted_at IS NULL) THEN RETURN NULL; END IF;
  RAISE EXCEPTION 'the site is deleted' USING ERRCODE = 'foreign_key_violation';
END $$;
CREATE TRIGGER site_is_there AFTER INSERT ON agent FOR EACH ROW EXECUTE FUNCTION refuse_deleted_site();

CREATE OR REPLACE VIEW site_directory AS
  SELECT s.tenant_id, s.id AS site_id, s.name, s.label, EXISTS (SELECT FROM federation_role r WHERE r.site_id = s.id) AS had_role
    FROM site s WHERE s.deleted_at IS NULL;`;

const withoutDeletion = `
CREATE OR REPLACE VIEW site_directory AS
  SELECT s.tenant_id, s.id AS site_id, s.name, s.label, EXISTS (SELECT FROM federation_role r WHERE r.site_id = s.id) AS had_role FROM site s;
DROP TRIGGER site_is_there ON agent;
DROP FUNCTION refuse_deleted_site();
DROP FUNCTION delete_site(uuid, uuid);
DROP POLICY system_delete ON site;
REVOKE UPDATE (deleted_at) ON site FROM adit_system;
DROP VIEW site_identity_status;`;

/** Labels of deleted sites may have been given again: those sites get their id as label. */
const withoutFacts = `
DROP POLICY not_deleted ON site;
DROP INDEX site_name, site_created, site_label;
UPDATE site SET label = id::text WHERE deleted_at IS NOT NULL;
ALTER TABLE site ADD UNIQUE (tenant_id, label),
  DROP COLUMN tags, DROP COLUMN address, DROP COLUMN latitude, DROP COLUMN longitude, DROP COLUMN notes, DROP COLUMN deleted_at;`;

/** Answers of creations; facts that operators keep of a site. */
export class SiteFacts1700000000004 implements MigrationInterface {
  readonly name = 'SiteFacts1700000000004';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(idempotency + facts + newestSession + deletion);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(withoutDeletion + withoutNewestSession + withoutFacts);
    await runner.query('DROP FUNCTION prune_idempotency_keys(); DROP TABLE idempotency_key;');
  }
}
