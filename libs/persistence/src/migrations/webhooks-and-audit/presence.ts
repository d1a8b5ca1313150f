import { tenantWall } from './tenant-wall.js';

/** `site_presence`: what was last told about a site, so that a restart neither loses nor repeats it. */
export const presence = `
CREATE TABLE site_presence (
  site_id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenant,
  told text NOT NULL CHECK (told IN ('online', 'offline')),
  told_at timestamptz NOT NULL DEFAULT now(),
  -- Changes told in close succession; the more, the longer the next one has to last.
  flaps smallint NOT NULL DEFAULT 0,
  FOREIGN KEY (tenant_id, site_id) REFERENCES site (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX site_presence_tenant ON site_presence (tenant_id);
${tenantWall('site_presence')}
GRANT SELECT, INSERT, UPDATE ON site_presence TO adit_admin_api;

CREATE INDEX tunnel_session_closed ON tunnel_session (closed_at) WHERE closed_at IS NOT NULL;

-- admin-api: each site that has ever connected, how it is and how it was last told to be. A tunnel counts as down from its
-- last sign of life when agent or broker are silent for 15 s.
CREATE VIEW site_presence_feed AS
  SELECT s.tenant_id, s.id AS site_id, s.label, s.name, p.told, p.told_at, p.flaps, t.up, t.since, t.close_reason
    FROM site s LEFT JOIN site_presence p ON p.site_id = s.id JOIN LATERAL (
      SELECT x.up, CASE WHEN x.up THEN x.opened_at ELSE coalesce(x.closed_at, x.seen_at) END AS since, x.close_reason
        FROM (SELECT n.opened_at, n.closed_at, n.close_reason, least(b.heartbeat_at, n.last_seen_at) AS seen_at,
                     n.closed_at IS NULL AND b.state <> 'stopped'
                       AND least(b.heartbeat_at, n.last_seen_at) >= now() - interval '15 seconds' AS up
                FROM tunnel_session n JOIN broker b ON b.id = n.broker_id
               WHERE n.tenant_id = s.tenant_id AND n.site_id = s.id
               ORDER BY (n.closed_at IS NULL) DESC, n.epoch DESC LIMIT 1) x) t ON true
   WHERE s.deleted_at IS NULL;
-- admin-api: the brokers of the deployment with what they carry.
CREATE VIEW broker_status AS
  SELECT b.id, b.ingress, b.state, b.started_at, b.heartbeat_at, b.heartbeat_at < now() - interval '15 seconds' AS silent,
         (SELECT count(*)::integer FROM tunnel_session t WHERE t.broker_id = b.id AND t.closed_at IS NULL) AS sessions
    FROM broker b;
CREATE VIEW site_presence_status AS SELECT told, count(*)::integer AS sites FROM site_presence GROUP BY told;
ALTER VIEW site_presence_status OWNER TO adit_system;
ALTER VIEW site_presence_feed OWNER TO adit_system;
ALTER VIEW broker_status OWNER TO adit_system;
GRANT SELECT ON site_presence_feed, site_presence_status, broker_status TO adit_admin_api;

-- tunnel-broker: history beyond its time. The newest session of a site stays: it says since when the site is down.
GRANT DELETE ON tunnel_session, broker TO adit_system;
CREATE POLICY system_prune ON tunnel_session FOR DELETE TO adit_system USING (true);
CREATE FUNCTION prune_sessions(days integer, most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE pruned integer;
BEGIN
  DELETE FROM tunnel_session WHERE id IN (
    SELECT t.id FROM tunnel_session t
     WHERE t.closed_at < now() - make_interval(days => days)
       AND EXISTS (SELECT FROM tunnel_session n WHERE n.tenant_id = t.tenant_id AND n.site_id = t.site_id AND n.epoch > t.epoch)
     LIMIT most);
  GET DIAGNOSTICS pruned = ROW_COUNT;
  DELETE FROM broker b WHERE b.heartbeat_at < now() - interval '7 days'
     AND NOT EXISTS (SELECT FROM tunnel_session t WHERE t.broker_id = b.id);
  RETURN pruned;
END $$;
ALTER FUNCTION prune_sessions(integer, integer) OWNER TO adit_system;
REVOKE ALL ON FUNCTION prune_sessions(integer, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION prune_sessions(integer, integer) TO adit_tunnel_broker;`;

export const withoutPresence = `
DROP FUNCTION prune_sessions(integer, integer);
DROP POLICY system_prune ON tunnel_session;
REVOKE DELETE ON tunnel_session, broker FROM adit_system;
DROP VIEW site_presence_feed, site_presence_status, broker_status;
DROP TABLE site_presence;
DROP INDEX tunnel_session_closed;`;
