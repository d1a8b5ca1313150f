import type { MigrationInterface, QueryRunner } from 'typeorm';
import { tenantWall } from './webhooks-and-audit/tenant-wall.js';

const reports = `
-- Times without a tunnel as the site has seen them. An id is the site's choice, hence part of a key with the site.
CREATE TABLE site_outage (
  tenant_id uuid NOT NULL REFERENCES tenant,
  site_id uuid NOT NULL,
  id uuid NOT NULL,
  -- By the clock here, as far as the difference of the site's was known when it told.
  began_at timestamptz NOT NULL,
  ended_at timestamptz NOT NULL,
  cause text NOT NULL CHECK (length(cause) BETWEEN 1 AND 60),
  faults jsonb NOT NULL CHECK (jsonb_typeof(faults) = 'array'),
  restarts bigint NOT NULL CHECK (restarts >= 0),
  clock_jump_ms bigint NOT NULL,
  reported_at timestamptz NOT NULL DEFAULT now(),
  CHECK (began_at <= ended_at),
  PRIMARY KEY (site_id, id),
  FOREIGN KEY (tenant_id, site_id) REFERENCES site (tenant_id, id)
);
CREATE INDEX site_outage_newest ON site_outage (site_id, ended_at DESC, id);
${tenantWall('site_outage')}

-- How each site found itself when it last told.
CREATE TABLE site_condition (
  site_id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenant,
  agent_id uuid NOT NULL,
  condition jsonb NOT NULL CHECK (jsonb_typeof(condition) = 'object'),
  reported_at timestamptz NOT NULL DEFAULT now(),
  FOREIGN KEY (tenant_id, site_id) REFERENCES site (tenant_id, id),
  FOREIGN KEY (tenant_id, agent_id) REFERENCES agent (tenant_id, id)
);
${tenantWall('site_condition')}

GRANT SELECT, INSERT, DELETE ON site_outage TO adit_tunnel_broker;
GRANT SELECT, INSERT, UPDATE ON site_condition TO adit_tunnel_broker;
GRANT SELECT ON site_outage, site_condition TO adit_admin_api;`;

/** The row of a deleted site stays, so no reference takes these away. A report that was under way then is refused. */
const deletion = `
GRANT DELETE ON site_outage, site_condition TO adit_system;
CREATE POLICY system_forget ON site_outage FOR DELETE TO adit_system USING (true);
CREATE POLICY system_forget ON site_condition FOR DELETE TO adit_system USING (true);
CREATE FUNCTION forget_site_reports() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  DELETE FROM site_outage WHERE site_id = NEW.id;
  DELETE FROM site_condition WHERE site_id = NEW.id;
  RETURN NULL;
END $$;
CREATE FUNCTION refuse_report_of_deleted_site() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM site WHERE id = NEW.site_id AND deleted_at IS NULL) THEN RETURN NULL; END IF;
  RAISE EXCEPTION 'the site is deleted' USING ERRCODE = 'foreign_key_violation';
END $$;
ALTER FUNCTION forget_site_reports() OWNER TO adit_system;
ALTER FUNCTION refuse_report_of_deleted_site() OWNER TO adit_system;
REVOKE ALL ON FUNCTION forget_site_reports(), refuse_report_of_deleted_site() FROM PUBLIC;
CREATE TRIGGER site_reports_forgotten AFTER UPDATE OF deleted_at ON site
  FOR EACH ROW WHEN (OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL) EXECUTE FUNCTION forget_site_reports();
CREATE TRIGGER site_is_there AFTER INSERT ON site_condition FOR EACH ROW EXECUTE FUNCTION refuse_report_of_deleted_site();`;

/** What sites report of the times without a tunnel, and of themselves. */
export class SiteReports1700000000020 implements MigrationInterface {
  readonly name = 'SiteReports1700000000020';

  async up(runner: QueryRunner): Promise<void> {
    for (const part of [reports, deletion]) await runner.query(part);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TRIGGER site_reports_forgotten ON site;
      DROP TABLE site_outage, site_condition;
      DROP FUNCTION refuse_report_of_deleted_site();
      DROP FUNCTION forget_site_reports();
    `);
  }
}
