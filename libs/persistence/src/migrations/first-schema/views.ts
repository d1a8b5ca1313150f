/** System-wide reads have a name each. A view reads with its owner's rights: `adit_system`, which sees every tenant. */
export const views = `
-- tunnel-broker: may this certificate open a tunnel now? All times by the database's clock.
CREATE VIEW agent_admission AS
  SELECT c.serial, c.state AS certificate_state, c.not_after, c.not_after <= now() AS expired, c.superseded_at,
         a.id AS agent_id, a.state AS agent_state, a.tenant_id, a.site_id, s.label AS site_label, s.name AS site_name
    FROM certificate c JOIN agent a ON a.id = c.agent_id JOIN site s ON s.id = a.site_id;
CREATE VIEW revocation_feed AS SELECT seq, agent_id, serial, reason, revoked_at FROM revocation;

-- dialers: which broker holds the site's newest session? Stale after 15 s without a heartbeat.
CREATE VIEW tunnel_route AS
  SELECT t.tenant_id, s.label AS site_label, t.site_id, t.id AS session_id, t.broker_id, b.ingress, b.ingress_tls, t.epoch,
         b.state = 'draining' AS draining
    FROM tunnel_session t JOIN broker b ON b.id = t.broker_id JOIN site s ON s.id = t.site_id
   WHERE t.closed_at IS NULL AND b.state <> 'stopped' AND b.heartbeat_at > now() - interval '15 seconds';

-- federation: sites that exist, and whether they ever had a role.
CREATE VIEW site_directory AS
  SELECT s.tenant_id, s.id AS site_id, s.name, s.label, EXISTS (SELECT FROM federation_role r WHERE r.site_id = s.id) AS had_role FROM site s;
-- federation, video-redirector: the pin of a tunnelled site, from its enrolment.
CREATE VIEW site_tls_pin AS
  SELECT DISTINCT ON (a.site_id) a.tenant_id, a.site_id, s.label AS site_label, a.site_tls_spki
    FROM agent a JOIN site s ON s.id = a.site_id
   WHERE a.site_tls_spki IS NOT NULL AND a.state IN ('active', 'pending') ORDER BY a.site_id, (a.state = 'active') DESC, a.created_at DESC;
CREATE VIEW role_assignment AS
  SELECT r.id AS role_id, r.tenant_id, r.site_id, s.label AS site_label FROM federation_role r JOIN site s ON s.id = r.site_id WHERE r.deleted_at IS NULL;

-- keyfile-issuer: whose token, whose certificate?
CREATE VIEW keyfile_lookup AS SELECT id AS keyfile_id, tenant_id FROM enrol_token;
CREATE VIEW certificate_lookup AS SELECT serial, tenant_id, agent_id FROM certificate;

-- admin-api: who signs in, whose bearer token?
CREATE VIEW operator_login AS SELECT id, tenant_id, username, password_hash, disabled_at FROM operator;
CREATE VIEW bearer_lookup AS
  SELECT t.token_hash, t.tenant_id, t.operator_id, o.username, t.id AS token_id FROM bearer_token t JOIN operator o ON o.id = t.operator_id
   WHERE t.revoked_at IS NULL AND t.expires_at > now() AND o.disabled_at IS NULL;

-- video-redirector: is this view ticket known and not revoked?
CREATE VIEW view_ticket_status AS
  SELECT id, tenant_id, expires_at <= now() AS expired, first_use_by <= now() AS first_use_over, revoked_at IS NOT NULL AS revoked FROM view_ticket;

-- tunnel-broker: closes what dead brokers left open.
CREATE FUNCTION close_stale_sessions() RETURNS integer LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  WITH closed AS (
    UPDATE tunnel_session t SET closed_at = greatest(b.heartbeat_at, t.last_seen_at), close_reason = 'broker-lost'
      FROM broker b WHERE b.id = t.broker_id AND t.closed_at IS NULL AND (b.state = 'stopped' OR b.heartbeat_at < now() - interval '15 seconds')
    RETURNING 1)
  SELECT count(*)::integer FROM closed $$;
-- tunnel-broker: a newer instance of the same agent supersedes everywhere; returns what it ended.
CREATE FUNCTION supersede_sessions(agent uuid, keep uuid, why text) RETURNS TABLE (session_id uuid, broker_id uuid, instance_id text)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  UPDATE tunnel_session t SET closed_at = now(), close_reason = why
   WHERE t.agent_id = agent AND t.id <> keep AND t.closed_at IS NULL AND t.epoch < (SELECT epoch FROM tunnel_session WHERE id = keep)
  RETURNING t.id, t.broker_id, t.instance_id $$;
DO $$ DECLARE name text; BEGIN
  FOREACH name IN ARRAY ARRAY['agent_admission', 'revocation_feed', 'tunnel_route', 'site_directory', 'site_tls_pin', 'role_assignment',
    'keyfile_lookup', 'certificate_lookup', 'operator_login', 'bearer_lookup', 'view_ticket_status'] LOOP
    EXECUTE format('ALTER VIEW %I OWNER TO adit_system', name);
  END LOOP;
END $$;
ALTER FUNCTION close_stale_sessions() OWNER TO adit_system;
ALTER FUNCTION supersede_sessions(uuid, uuid, text) OWNER TO adit_system;
ALTER FUNCTION audit_append(uuid, text, text, text, jsonb) OWNER TO adit_system;
REVOKE ALL ON FUNCTION close_stale_sessions(), supersede_sessions(uuid, uuid, text), audit_append(uuid, text, text, text, jsonb) FROM PUBLIC;
`;
