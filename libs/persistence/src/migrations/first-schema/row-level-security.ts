const TENANT_TABLES = [
  'site',
  'operator',
  'bearer_token',
  'view_ticket',
  'view_ticket_use',
  'agent',
  'enrol_token',
  'certificate',
  'revocation',
  'tunnel_session',
  'federation_role',
  'entity',
];

const policies = (table: string, column: string): string => `
ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE ${table} FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON ${table} USING (${column} = nullif(current_setting('adit.tenant', true), '')::uuid)
  WITH CHECK (${column} = nullif(current_setting('adit.tenant', true), '')::uuid);
CREATE POLICY system_reader ON ${table} FOR SELECT TO adit_system USING (true);`;

/** The second wall: even a forgotten WHERE shows one tenant only. `adit_system` reads all, and nobody logs in as it. */
export const rowLevelSecurity = `
${TENANT_TABLES.map((table) => policies(table, 'tenant_id')).join('\n')}
${policies('tenant', 'id')}
${policies('audit_event', 'chain')}
${policies('audit_head', 'chain')}
CREATE POLICY system_append ON audit_event FOR INSERT TO adit_system WITH CHECK (true);
CREATE POLICY system_head ON audit_head FOR ALL TO adit_system USING (true) WITH CHECK (true);
CREATE POLICY system_close ON tunnel_session FOR UPDATE TO adit_system USING (true) WITH CHECK (true);
`;
