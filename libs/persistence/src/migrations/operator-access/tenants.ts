/** admin-api may make and rename tenants by these two functions, and write the table in no other way. */
export const tenants = `
GRANT INSERT, UPDATE (name) ON tenant TO adit_system;
CREATE POLICY system_insert ON tenant FOR INSERT TO adit_system WITH CHECK (true);
CREATE POLICY system_rename ON tenant FOR UPDATE TO adit_system USING (true) WITH CHECK (true);
CREATE FUNCTION create_tenant(new_id uuid, new_name text) RETURNS timestamptz
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  INSERT INTO tenant (id, name) VALUES (new_id, new_name) RETURNING created_at $$;
CREATE FUNCTION rename_tenant(tenant_id uuid, new_name text) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  WITH renamed AS (UPDATE tenant SET name = new_name WHERE id = tenant_id RETURNING 1) SELECT EXISTS (SELECT FROM renamed) $$;
ALTER FUNCTION create_tenant(uuid, text) OWNER TO adit_system;
ALTER FUNCTION rename_tenant(uuid, text) OWNER TO adit_system;
REVOKE ALL ON FUNCTION create_tenant(uuid, text), rename_tenant(uuid, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION create_tenant(uuid, text), rename_tenant(uuid, text) TO adit_admin_api;
CREATE VIEW tenant_directory AS SELECT id, name, created_at FROM tenant;
ALTER VIEW tenant_directory OWNER TO adit_system;
GRANT SELECT ON tenant_directory TO adit_admin_api;`;

export const withoutTenants = `
DROP VIEW tenant_directory;
DROP FUNCTION create_tenant(uuid, text), rename_tenant(uuid, text);
DROP POLICY system_insert ON tenant;
DROP POLICY system_rename ON tenant;
REVOKE INSERT, UPDATE (name) ON tenant FROM adit_system;`;
