import type { MigrationInterface, QueryRunner } from 'typeorm';
import { tenantWall } from './webhooks-and-audit/tenant-wall.js';

/**
 * None of them names a column that a change of state touches: such an update stays within its page (HOT). Text is searched
 * by Unicode's rules for upper and lower case, whatever those of the database are.
 */
const indexes = `
DO $$ BEGIN
  IF current_setting('server_version_num')::integer >= 170000 THEN
    EXECUTE 'CREATE COLLATION entity_text (PROVIDER = builtin, LOCALE = ''C.UTF-8'')';
  ELSE
    EXECUTE 'CREATE COLLATION entity_text (PROVIDER = icu, LOCALE = ''und'')';
  END IF;
END $$;
CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;
CREATE INDEX entity_name ON entity (tenant_id, lower(name), id);
CREATE INDEX entity_kind_name ON entity (tenant_id, kind, lower(name), id);
CREATE INDEX entity_parent ON entity (site_id, parent_remote_id) WHERE parent_remote_id IS NOT NULL;
CREATE INDEX entity_search ON entity USING gin (lower((name || E'\\n' || remote_id) COLLATE entity_text) gin_trgm_ops);`;

/**
 * Under a policy no index serves an operator that might tell of rows it refuses, such as LIKE: they are looked at one by one.
 * A view of `adit_system`, which no policy keeps from any row, is free of that; it shows the same tenant as the policies.
 */
const views = `
-- admin-api: entities as they are now. What a site said holds while its role has contact.
CREATE VIEW entity_directory AS
  SELECT e.tenant_id, e.id, e.site_id, s.label AS site_label, e.role_id, e.remote_id, e.kind, e.name, e.parent_remote_id,
         (SELECT p.id FROM entity p WHERE p.site_id = e.site_id AND p.remote_id = e.parent_remote_id) AS parent_id,
         e.path, e.details, e.updated_at, e.state AS reported_state, r.state IN ('connected', 'warning') AS has_contact,
         CASE WHEN r.state IN ('connected', 'warning') THEN e.state ELSE 'unknown' END AS state,
         CASE WHEN r.state IN ('connected', 'warning') THEN e.state_reason ELSE coalesce(r.state_reason, r.state) END AS state_reason
    FROM entity e JOIN federation_role r ON r.id = e.role_id JOIN site s ON s.id = e.site_id
   WHERE e.tenant_id = nullif(current_setting('adit.tenant', true), '')::uuid AND s.deleted_at IS NULL;
ALTER VIEW entity_directory OWNER TO adit_system;
GRANT SELECT ON entity_directory TO adit_admin_api;`;

/** Written by admin-api. An entity goes and comes with what its site reports: its note waits for it until the site is deleted. */
const notes = `
CREATE TABLE entity_note (
  entity_id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenant,
  site_id uuid NOT NULL,
  note text NOT NULL CHECK (length(note) BETWEEN 1 AND 4000),
  noted_at timestamptz NOT NULL DEFAULT now(),
  noted_by text NOT NULL,
  FOREIGN KEY (tenant_id, site_id) REFERENCES site (tenant_id, id)
);
CREATE INDEX entity_note_site ON entity_note (site_id);
${tenantWall('entity_note')}
GRANT SELECT, INSERT, UPDATE, DELETE ON entity_note TO adit_admin_api;`;

/** Entities as operators look for them, and what they note of them. */
export class EntityViews1700000000019 implements MigrationInterface {
  readonly name = 'EntityViews1700000000019';

  async up(runner: QueryRunner): Promise<void> {
    for (const part of [indexes, views, notes]) await runner.query(part);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TABLE entity_note;
      DROP VIEW entity_directory;
      DROP INDEX entity_search, entity_parent, entity_kind_name, entity_name;
      DROP EXTENSION IF EXISTS pg_trgm;
      DROP COLLATION entity_text;
    `);
  }
}
