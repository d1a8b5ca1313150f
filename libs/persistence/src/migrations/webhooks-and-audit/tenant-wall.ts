/** Row-level security of a tenant's table, as the first schema has it, and sight of all of it for `adit_system`. */
export const tenantWall = (table: string): string => `
ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE ${table} FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON ${table} USING (tenant_id = nullif(current_setting('adit.tenant', true), '')::uuid)
  WITH CHECK (tenant_id = nullif(current_setting('adit.tenant', true), '')::uuid);
CREATE POLICY system_reader ON ${table} FOR SELECT TO adit_system USING (true);
GRANT SELECT ON ${table} TO adit_system;`;
