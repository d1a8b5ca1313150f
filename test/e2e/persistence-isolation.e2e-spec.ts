import { DATABASE_APPS, type DatabaseApp } from '@app/persistence';
import { Client } from 'pg';
import { createDatabase, type TestDatabase } from '../harness/database.js';
import { insertTenant, type TenantRows } from './persistence.rows.js';

type Rights = Record<string, string>;

/** Every right of every app: S(elect) I(nsert) U(pdate) D(elete), c: some columns only. What is not here is not granted. */
const GRANTS: Record<DatabaseApp, Rights> = {
  'admin-api': {
    tenant: 'S',
    site: 'SIU',
    operator: 'SIU',
    bearer_token: 'SIUD',
    idempotency_key: 'SIUD',
    api_token: 'SIU',
    sign_in_attempt: 'SIUD',
    site_tunnel: 'S',
    site_outage: 'S',
    site_condition: 'S',
    site_identity_status: 'S',
    view_ticket: 'SIU',
    view_ticket_use: 'S',
    stream_account: 'SIU',
    stream_account_scope: 'SID',
    stream_account_use: 'S',
    stream_camera_directory: 'S',
    entity_directory: 'S',
    entity_note: 'SIUD',
    audit_event: 'S',
    tunnel_session: 'S',
    broker: 'S',
    agent: 'S',
    certificate: 'c',
    operator_login: 'S',
    bearer_lookup: 'S',
    api_token_lookup: 'S',
    tenant_directory: 'S',
    tunnel_route: 'S',
    audit_head: 'S',
    broker_status: 'S',
    site_presence: 'SIU',
    site_presence_feed: 'S',
    site_presence_status: 'S',
    alarm: 'S',
    event: 'S',
    event_head: 'S',
    webhook: 'SIUD',
    webhook_audit_feed: 'S',
    webhook_event_cursor: 'SIU',
    webhook_event_feed: 'S',
    webhook_backlog_status: 'S',
    webhook_cursor: 'SIU',
    webhook_delivery: 'SIUD',
    webhook_due_feed: 'S',
    webhook_tenant_feed: 'S',
    onboarding: 'SIU',
    onboarding_row: 'SIU',
    onboarding_lookup: 'S',
    redirector: 'S',
    stream: 'S',
    stream_source: 'S',
  },
  'keyfile-issuer': {
    tenant: 'S',
    site: 'S',
    agent: 'SIU',
    enrol_token: 'SIU',
    certificate: 'SIU',
    revocation: 'SI',
    keyfile_lookup: 'S',
    certificate_lookup: 'S',
    recovery: 'S',
    recovery_denied: 'S',
    recovery_denied_certificate: 'S',
    recovery_request: 'SIU',
    recovery_status: 'S',
    recovery_lookup: 'S',
    recovered_lookup: 'S',
    ca_generation: 'SIU',
    authority: 'SIU',
    trust_bundle: 'SI',
    trust_acknowledgement: 'SIU',
    broker: 'S',
    authority_agent_status: 'S',
    authority_keyfile_status: 'S',
  },
  'tunnel-broker': {
    broker: 'SIUD',
    tunnel_session: 'SIU',
    site_outage: 'SID',
    site_condition: 'SIU',
    agent_admission: 'S',
    revocation_feed: 'S',
    recovery_status: 'S',
    tunnel_route: 'S',
  },
  federation: {
    federation_role: 'SIU',
    entity: 'SIUD',
    event: 'SI',
    event_position: 'SIU',
    event_head: 'SIU',
    alarm: 'SIU',
    alarm_due_feed: 'S',
    site_directory: 'S',
    site_tls_pin: 'S',
    role_assignment: 'S',
    federation_replica: 'SIUD',
    role_lease_status: 'S',
    tunnel_route: 'S',
  },
  'video-redirector': {
    view_ticket_use: 'SI',
    view_ticket_status: 'S',
    stream_account_status: 'S',
    stream_account_scope_status: 'S',
    stream_account_use: 'SIU',
    tunnel_route: 'S',
    site_tls_pin: 'S',
    redirector: 'SIUD',
    stream: 'SIUD',
    stream_source: 'SIUD',
  },
};

/** Tables that belong to a tenant, by the column that says so. */
const TENANT_COLUMN: Record<string, string> = { tenant: 'id', audit_event: 'chain', audit_head: 'chain' };
const NO_TENANT = new Set([
  'broker',
  'ca_generation',
  'authority',
  'federation_replica',
  'recovery',
  'redirector',
  'sign_in_attempt',
  'trust_bundle',
]);
const VIEWS = /_(?:login|lookup|route|admission|feed|directory|pin|assignment|status)$/;

const tables = DATABASE_APPS.flatMap((app) =>
  Object.keys(GRANTS[app])
    .filter((table) => !VIEWS.test(table) && !NO_TENANT.has(table))
    .map((table) => [app, table, TENANT_COLUMN[table] ?? 'tenant_id'] as const),
);
/** With the view that has the tenant of the policies in itself. */
const readable = [...tables, ['admin-api', 'entity_directory', 'tenant_id'] as const];

let database: TestDatabase;
let own: TenantRows;
let foreign: TenantRows;
const clients = new Map<DatabaseApp, Client>();

beforeAll(async () => {
  database = await createDatabase();
  own = await insertTenant(database.query);
  foreign = await insertTenant(database.query);
  for (const app of DATABASE_APPS) {
    const client = new Client({ connectionString: database.logins[app] });
    await client.connect();
    clients.set(app, client);
  }
}, 60_000);

afterAll(async () => {
  for (const client of clients.values()) await client.end();
  await database?.drop();
});

const ask = async (app: DatabaseApp, tenant: string | null, sql: string, values: unknown[] = []) => {
  const client = clients.get(app);
  if (!client) throw new Error(`no client of ${app}`);
  await client.query('BEGIN');
  try {
    if (tenant !== null) await client.query("SELECT set_config('adit.tenant', $1, true)", [tenant]);
    return await client.query(sql, values);
  } finally {
    await client.query('ROLLBACK');
  }
};

describe('grants', () => {
  it.each(DATABASE_APPS)('%s may do exactly what is listed, and nothing else', async (app) => {
    const rows = await database.query<{ name: string; rights: string }>(
      `SELECT c.relname AS name, concat(
                CASE WHEN has_table_privilege($1, c.oid, 'SELECT') THEN 'S' END, CASE WHEN has_table_privilege($1, c.oid, 'INSERT') THEN 'I' END,
                CASE WHEN has_table_privilege($1, c.oid, 'UPDATE') THEN 'U' END, CASE WHEN has_table_privilege($1, c.oid, 'DELETE') THEN 'D' END,
                CASE WHEN has_table_privilege($1, c.oid, 'TRUNCATE, REFERENCES, TRIGGER') THEN '!' END,
                CASE WHEN NOT has_table_privilege($1, c.oid, 'SELECT') AND has_any_column_privilege($1, c.oid, 'SELECT, INSERT, UPDATE') THEN 'c' END) AS rights
         FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v', 'm', 'p')`,
      [new URL(database.logins[app]).username],
    );
    const granted = rows.filter(({ rights }) => rights !== '').map(({ name, rights }) => [name, rights]);
    expect(Object.fromEntries(granted)).toEqual(GRANTS[app]);
  });

  it.each(DATABASE_APPS)('%s logs in as no superuser, past no policy, and may make nothing', async (app) => {
    const [role] = await database.query(
      `SELECT rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, has_schema_privilege(rolname, 'public', 'CREATE') AS creates,
              pg_has_role(rolname, 'adit_system', 'MEMBER') AS system FROM pg_roles WHERE rolname = $1`,
      [new URL(database.logins[app]).username],
    );
    const no = { rolsuper: false, rolbypassrls: false, rolcreatedb: false, rolcreaterole: false };
    expect(role).toEqual({ ...no, creates: false, system: false });
  });

  it('every table but those of the deployment and the migrations’ own has row-level security, forced', async () => {
    const open = await database.query<{ name: string }>(
      `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
          AND NOT (relrowsecurity AND relforcerowsecurity) ORDER BY 1`,
    );
    expect(open.map(({ name }) => name)).toEqual([
      'authority',
      'broker',
      'ca_generation',
      'federation_replica',
      'migrations',
      'recovery',
      'redirector',
      'trust_bundle',
    ]);
  });
});

describe('row-level security', () => {
  it.each(readable)('%s sees no row of %s without a tenant', async (app, table) => {
    expect((await ask(app, null, `SELECT FROM ${table}`)).rowCount).toBe(0);
  });

  it.each(readable)('%s sees only its tenant’s rows of %s', async (app, table, column) => {
    const { rows } = await ask(app, own.tenantId, `SELECT DISTINCT ${column} AS tenant FROM ${table}`);
    expect(rows).toEqual([{ tenant: own.tenantId }]);
  });

  const writable = readable.filter(([app, table]) => GRANTS[app][table]?.includes('U'));

  it.each(writable)('%s cannot change another tenant’s rows of %s', async (app, table, column) => {
    const change = `UPDATE ${table} SET ${column} = ${column} WHERE ${column} = $1`;
    expect((await ask(app, own.tenantId, change, [foreign.tenantId])).rowCount).toBe(0);
  });

  it.each(writable)('%s cannot give its rows of %s to another tenant', async (app, table, column) => {
    const change = `UPDATE ${table} SET ${column} = $1`;
    await expect(ask(app, own.tenantId, change, [foreign.tenantId])).rejects.toMatchObject({ code: '42501' });
  });

  it('admin-api cannot make a site for another tenant', async () => {
    const insert = "INSERT INTO site (tenant_id, name, label) VALUES ($1, 'x', 'x')";
    await expect(ask('admin-api', own.tenantId, insert, [foreign.tenantId])).rejects.toMatchObject({ code: '42501' });
  });

  it.each(DATABASE_APPS)('%s makes and renames tenants by their functions only if it is admin-api', async (app) => {
    const verdicts: unknown[] = [];
    for (const call of ["create_tenant(gen_random_uuid(), 'x')", `rename_tenant('${foreign.tenantId}', 'x')`]) {
      verdicts.push(
        await ask(app, null, `SELECT ${call}`).then(
          () => 'allowed',
          (error: { code?: string }) => error.code,
        ),
      );
    }
    const direct = "INSERT INTO tenant (id, name) VALUES (gen_random_uuid(), 'x')";
    await expect(ask(app, own.tenantId, direct)).rejects.toMatchObject({ code: '42501' });
    expect(verdicts).toEqual(app === 'admin-api' ? ['allowed', 'allowed'] : ['42501', '42501']);
  });

  it('video-redirector cannot note a use of another tenant’s ticket', async () => {
    const insert =
      "INSERT INTO view_ticket_use (ticket_id, tenant_id, address) VALUES (gen_random_uuid(), $1, '192.0.2.1')";
    await expect(ask('video-redirector', own.tenantId, insert, [foreign.tenantId])).rejects.toMatchObject({
      code: '42501',
    });
  });
});
