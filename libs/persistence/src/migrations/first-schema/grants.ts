/** Exactly what each app does; each table has one writing app. */
export const grants = `
GRANT SELECT ON ALL TABLES IN SCHEMA public TO adit_system;
GRANT INSERT ON audit_event TO adit_system;
GRANT INSERT, UPDATE ON audit_head TO adit_system;
GRANT UPDATE (closed_at, close_reason) ON tunnel_session TO adit_system;
GRANT EXECUTE ON FUNCTION audit_append(uuid, text, text, text, jsonb)
  TO adit_admin_api, adit_keyfile_issuer, adit_tunnel_broker, adit_federation, adit_video_redirector;

GRANT SELECT ON tenant TO adit_admin_api, adit_keyfile_issuer;
GRANT SELECT, INSERT, UPDATE ON site, operator, bearer_token, view_ticket TO adit_admin_api;
GRANT DELETE ON bearer_token TO adit_admin_api;
GRANT SELECT ON operator_login, bearer_lookup, audit_event, tunnel_session, broker, agent, view_ticket_use, tunnel_route TO adit_admin_api;

GRANT SELECT, INSERT, UPDATE ON agent, enrol_token, certificate TO adit_keyfile_issuer;
GRANT SELECT, INSERT ON revocation TO adit_keyfile_issuer;
GRANT SELECT ON site, keyfile_lookup, certificate_lookup TO adit_keyfile_issuer;

GRANT SELECT, INSERT, UPDATE ON broker, tunnel_session TO adit_tunnel_broker;
GRANT DELETE ON broker TO adit_tunnel_broker;
GRANT SELECT ON agent_admission, revocation_feed, tunnel_route TO adit_tunnel_broker;
GRANT EXECUTE ON FUNCTION close_stale_sessions(), supersede_sessions(uuid, uuid, text) TO adit_tunnel_broker;

GRANT SELECT, INSERT, UPDATE ON federation_role TO adit_federation;
GRANT SELECT, INSERT, UPDATE, DELETE ON entity TO adit_federation;
GRANT SELECT ON site_directory, site_tls_pin, role_assignment, tunnel_route TO adit_federation;

GRANT SELECT, INSERT ON view_ticket_use TO adit_video_redirector;
GRANT SELECT ON view_ticket_status, tunnel_route, site_tls_pin TO adit_video_redirector;
`;
