import { randomUUID } from 'node:crypto';
import type { Platform } from '../harness/platform.js';
import type { Operation } from './api-document.js';

type Source = readonly [table: string, column: string];

/** Where the id of a path parameter, query key or member comes from when its name says so. */
const BY_NAME: Record<string, Source> = {
  siteId: ['site', 'id'],
  entityId: ['entity', 'id'],
  agentId: ['agent', 'id'],
  keyfileId: ['enrol_token', 'id'],
  operatorId: ['operator', 'id'],
  cameraId: ['entity', 'id'],
  sessionId: ['tunnel_session', 'id'],
  roleId: ['federation_role', 'id'],
  areaId: ['entity', 'id'],
  ids: ['entity', 'id'],
  deliveryId: ['webhook_delivery', 'id'],
  serial: ['certificate', 'serial'],
};

/** Else by the part of the path before it. */
const BY_SEGMENT: Record<string, Source> = {
  tenants: ['tenant', 'id'],
  sites: ['site', 'id'],
  keyfiles: ['enrol_token', 'id'],
  agents: ['agent', 'id'],
  certificates: ['certificate', 'serial'],
  tunnels: ['tunnel_session', 'id'],
  'federation-roles': ['federation_role', 'id'],
  cameras: ['entity', 'id'],
  events: ['event', 'id'],
  alarms: ['alarm', 'id'],
  entities: ['entity', 'id'],
  outputs: ['entity', 'id'],
  'view-tickets': ['view_ticket', 'id'],
  'stream-accounts': ['stream_account', 'id'],
  operators: ['operator', 'id'],
  'api-tokens': ['api_token', 'id'],
  webhooks: ['webhook', 'id'],
  deliveries: ['webhook_delivery', 'id'],
  onboardings: ['onboarding', 'id'],
  brokers: ['broker', 'id'],
  streams: ['stream', 'id'],
};

/** Bodies that a sample of the schema is not valid for, by `METHOD path`. */
export const BODIES: Readonly<Record<string, unknown>> = {
  'POST /api/v1/cameras/{id}/ptz': { action: 'stop' },
  'POST /api/v1/recovery/agents/{id}/approve': { serial: '4a' },
  'POST /api/v1/cameras/{id}/exports': { from: '2026-01-01T00:00:00Z', to: '2026-01-01T01:00:00Z' },
};

/** Values of query keys that a sample of the schema is not valid for. */
export const QUERIES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'GET /api/v1/cameras/{id}/recordings': { from: '2026-01-01T00:00:00Z', to: '2026-01-01T01:00:00Z' },
  'GET /api/v1/cameras/{id}/timeline': { from: '2026-01-01T00:00:00Z', to: '2026-01-01T01:00:00Z' },
};

const sourceOf = (path: string, name: string): Source | undefined => {
  const parts = path.split('/');
  return BY_NAME[name] ?? BY_SEGMENT[parts[parts.indexOf(`{${name}}`) - 1] ?? ''];
};

/** Names of path parameters for which there is no fixture. */
export const unknownParameters = ({ path, parameters }: Operation): string[] =>
  parameters.filter((one) => one.in === 'path' && !sourceOf(path, one.name)).map(({ name }) => name);

/** Real ids of one tenant, or of the same form and nobody's. */
export class Ids {
  private readonly known = new Map<string, string>();

  constructor(
    private readonly platform: Platform,
    /** Null for ids that are nobody's. */
    private readonly tenantId: string | null,
  ) {}

  /** @throws where no fixture is named, or the tenant has no such row */
  async of(path: string, name: string): Promise<string> {
    const [table, column] = sourceOf(path, name) ?? [];
    if (table === undefined || column === undefined) throw new Error(`no fixture for ${name} in ${path}`);
    const key = `${table}.${column}`;
    const id = this.known.get(key) ?? (await this.read(table, column));
    this.known.set(key, id);
    return id;
  }

  private async read(table: string, column: string): Promise<string> {
    if (this.tenantId === null) return column === 'id' ? randomUUID() : randomUUID().replaceAll('-', '');
    // Brokers are of no tenant; one is meant that carries this one's tunnel.
    const from = table === 'broker' ? 'tunnel_session' : table;
    const what = table === 'broker' ? 'broker_id' : column;
    const owner = table === 'tenant' ? 'id' : 'tenant_id';
    const sql = `SELECT ${what}::text AS id FROM ${from} WHERE ${owner} = $1 ORDER BY 1 LIMIT 1`;
    const [row] = await this.platform.query<{ id: string }>(sql, [this.tenantId]);
    if (!row) throw new Error(`the tenant has no row in ${table}: insert one in persistence.rows.ts`);
    return row.id;
  }
}

/** What the apps note by themselves, at their own time. */
const LIVE_COLUMNS: Readonly<Record<string, string[]>> = {
  federation_role: ['state', 'state_reason', 'state_since', 'last_contact_at', 'clock_skew_ms', 'entity_revision'],
  site_presence: ['told', 'told_at', 'flaps'],
  webhook: ['failing_since'],
  webhook_cursor: ['seq'],
  webhook_event_cursor: ['last_arrived_at'],
  webhook_delivery: [
    'state',
    'attempts',
    'next_attempt_at',
    'last_attempt_at',
    'last_status',
    'last_error',
    'last_duration_ms',
  ],
};

/** A digest of the tenant's rows by table. */
export const stateOf = async (platform: Platform, tenantId: string): Promise<Record<string, string | null>> => {
  const columns = await platform.query<{ table: string; column: string }>(
    `SELECT c.table_name AS table, c.column_name AS column FROM information_schema.columns c
       JOIN information_schema.tables t USING (table_schema, table_name)
      WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE'
        AND (c.column_name IN ('tenant_id', 'chain') OR (c.table_name = 'tenant' AND c.column_name = 'id'))`,
  );
  const state: Record<string, string | null> = {};
  for (const { table, column } of columns) {
    const sql = `SELECT md5(string_agg(row, ' ' ORDER BY row)) AS digest
      FROM (SELECT (to_jsonb(t) - $2::text[])::text AS row FROM ${table} t WHERE ${column} = $1) AS rows`;
    const ignored = LIVE_COLUMNS[table] ?? [];
    state[table] = (await platform.query<{ digest: string | null }>(sql, [tenantId, ignored]))[0]?.digest ?? null;
  }
  return state;
};
