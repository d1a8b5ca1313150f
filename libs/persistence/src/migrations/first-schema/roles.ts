/** Group roles hold the grants; logins, one per app and database, are members. `adit_system` owns the views and functions that see all tenants. */
export const APP_ROLES = [
  'adit_admin_api',
  'adit_keyfile_issuer',
  'adit_tunnel_broker',
  'adit_federation',
  'adit_video_redirector',
] as const;

const createRole = (role: string): string => `
  BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${role}') THEN CREATE ROLE ${role} NOLOGIN; END IF;
  EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; -- another database of this cluster migrates at the same time
  END;`;

export const roles = `DO $$ BEGIN
  ${[...APP_ROLES, 'adit_system'].map(createRole).join('\n')}
  IF NOT pg_has_role(current_user, 'adit_system', 'USAGE') THEN EXECUTE format('GRANT adit_system TO %I', current_user); END IF;
  EXECUTE format('GRANT USAGE, CREATE ON SCHEMA public TO adit_system');
  REVOKE CREATE ON SCHEMA public FROM PUBLIC;
END $$;
GRANT USAGE ON SCHEMA public TO ${APP_ROLES.join(', ')};`;
