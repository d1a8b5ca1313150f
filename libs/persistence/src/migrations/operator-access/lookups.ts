/** The views by which admin-api finds out, over all tenants, whose name, session or token it has before it. */
export const dropLookups = 'DROP VIEW operator_login, bearer_lookup;';

const owned = (...views: string[]): string =>
  views.map((view) => `ALTER VIEW ${view} OWNER TO adit_system; GRANT SELECT ON ${view} TO adit_admin_api;`).join('\n');

/** `unnoted` says that the time of the last use is old enough to be written again. */
export const lookups = `
CREATE VIEW operator_login AS
  SELECT id, tenant_id, username, password_hash, disabled_at, roles, identity_issuer, identity_subject, roles_from_provider FROM operator;
CREATE VIEW bearer_lookup AS
  SELECT t.token_hash, t.tenant_id, t.operator_id, o.username, t.id AS token_id, o.roles, t.via_cookie, t.expires_at,
         t.last_used_at < now() - make_interval(secs => least(60, t.idle_seconds / 10.0)) AS unnoted
    FROM bearer_token t JOIN operator o ON o.id = t.operator_id
   WHERE t.revoked_at IS NULL AND t.expires_at > now() AND t.last_used_at + make_interval(secs => t.idle_seconds) > now()
     AND o.disabled_at IS NULL;
CREATE VIEW api_token_lookup AS
  SELECT t.token_hash, t.tenant_id, t.operator_id, o.username, t.id AS token_id, o.roles, t.scopes, t.expires_at,
         t.last_used_at IS NULL OR t.last_used_at < now() - interval '1 minute' AS unnoted
    FROM api_token t JOIN operator o ON o.id = t.operator_id
   WHERE t.revoked_at IS NULL AND t.expires_at > now() AND o.disabled_at IS NULL;
${owned('operator_login', 'bearer_lookup', 'api_token_lookup')}`;

export const firstLookups = `
CREATE VIEW operator_login AS SELECT id, tenant_id, username, password_hash, disabled_at FROM operator;
CREATE VIEW bearer_lookup AS
  SELECT t.token_hash, t.tenant_id, t.operator_id, o.username, t.id AS token_id FROM bearer_token t JOIN operator o ON o.id = t.operator_id
   WHERE t.revoked_at IS NULL AND t.expires_at > now() AND o.disabled_at IS NULL;
${owned('operator_login', 'bearer_lookup')}`;
