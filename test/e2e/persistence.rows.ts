import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { TestDatabase } from '../harness/database.js';

/** Ids of one tenant's rows: one in every table that belongs to a tenant. */
export interface TenantRows {
  tenantId: string;
  siteId: string;
  agentId: string;
  tokenId: string;
  serial: string;
  brokerId: string;
}

type Query = TestDatabase['query'];

const hash = (): Buffer => createHash('sha256').update(randomBytes(16)).digest();

/** A new tenant with a row in every table, written as the owner. */
export const insertTenant = async (query: Query): Promise<TenantRows> => {
  const tenantId = randomUUID();
  await query('INSERT INTO tenant (id, name) VALUES ($1, $2)', [tenantId, 'A tenant']);
  const siteId = await insertSite(query, tenantId);
  // At once: a federation app that runs gives a site without a role its first one.
  await insertRole(query, tenantId, siteId);
  const { agentId, tokenId, serial } = await insertIdentity(query, tenantId, siteId);
  const brokerId = await insertSession(query, tenantId, siteId, agentId);
  await insertReport(query, tenantId, siteId, agentId);
  await insertOperator(query, tenantId);
  await insertIdempotencyKey(query, tenantId);
  await insertStreamAccount(query, tenantId, siteId);
  await insertWebhook(query, tenantId, siteId);
  await insertEvents(query, tenantId, siteId);
  await insertOnboarding(query, tenantId);
  await insertStream(query, tenantId, siteId);
  await insertRecovery(query, tenantId, siteId);
  await query("SELECT audit_append($1, 'system', 'test.made', 'row', '{}')", [tenantId]);
  return { tenantId, siteId, agentId, tokenId, serial, brokerId };
};

const insertSite = async (query: Query, tenantId: string): Promise<string> => {
  const [site] = await query<{ id: string }>(
    "INSERT INTO site (tenant_id, name, label) VALUES ($1, 'Hamburg', 'hamburg') RETURNING id",
    [tenantId],
  );
  return site?.id ?? '';
};

const insertIdentity = async (
  query: Query,
  tenantId: string,
  siteId: string,
): Promise<Pick<TenantRows, 'agentId' | 'tokenId' | 'serial'>> => {
  const [agentId, tokenId, serial] = [randomUUID(), randomUUID(), randomBytes(16).toString('hex')];
  await query('INSERT INTO agent (id, tenant_id, site_id) VALUES ($1, $2, $3)', [agentId, tenantId, siteId]);
  await query(
    `INSERT INTO enrol_token (id, tenant_id, site_id, agent_id, token_hash, claim_spki_sha256, claim_spki, claim_serial, issued_by, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'operator:test', now() + interval '7 days')`,
    [tokenId, tenantId, siteId, agentId, hash(), hash(), hash(), randomUUID()],
  );
  await query(
    `INSERT INTO certificate (serial, tenant_id, agent_id, spki_sha256, enrol_token_id, generation, der, issuer_chain, not_before, not_after)
     VALUES ($1, $2, $3, $4, $5, 1, '\\x00', '', now(), now() + interval '90 days')`,
    [serial, tenantId, agentId, hash(), tokenId],
  );
  await query("INSERT INTO revocation (tenant_id, agent_id, serial, reason) VALUES ($1, $2, $3, 'test')", [
    tenantId,
    agentId,
    serial,
  ]);
  await query('INSERT INTO trust_acknowledgement (tenant_id, agent_id, bundle_version) VALUES ($1, $2, 1)', [
    tenantId,
    agentId,
  ]);
  return { agentId, tokenId, serial };
};

const insertSession = async (query: Query, tenantId: string, siteId: string, agentId: string): Promise<string> => {
  const brokerId = randomUUID();
  await query("INSERT INTO broker (id, ingress) VALUES ($1, '127.0.0.1:5580')", [brokerId]);
  await query(
    `INSERT INTO tunnel_session (id, tenant_id, site_id, agent_id, broker_id, instance_id, certificate_serial, remote_address, agent_version, platform)
     VALUES ($1, $2, $3, $4, $5, 'instance', '01', '192.0.2.7:1', '0.1.0', 'linux')`,
    [randomUUID(), tenantId, siteId, agentId, brokerId],
  );
  return brokerId;
};

const insertReport = async (query: Query, tenantId: string, siteId: string, agentId: string): Promise<void> => {
  await query(
    `INSERT INTO site_outage (tenant_id, site_id, id, began_at, ended_at, cause, faults, restarts, clock_jump_ms)
     VALUES ($1, $2, $3, now() - interval '1 hour', now(), 'peer-silent', '[]', 0, 0)`,
    [tenantId, siteId, randomUUID()],
  );
  await query('INSERT INTO site_condition (site_id, tenant_id, agent_id, condition) VALUES ($1, $2, $3, $4)', [
    siteId,
    tenantId,
    agentId,
    SITE_CONDITION,
  ]);
};

const SITE_CONDITION = {
  agentVersion: '0.1.0',
  startedAt: '2026-01-01T00:00:00.000Z',
  clockSkewMs: 0,
  uplink: { limitBitsPerSecond: null, capacityBitsPerSecond: null, roundTripMs: null },
  freeBytes: null,
};

const insertOperator = async (query: Query, tenantId: string): Promise<void> => {
  const [operator] = await query<{ id: string }>(
    "INSERT INTO operator (tenant_id, username, password_hash) VALUES ($1, $2, '$argon2id$x') RETURNING id",
    [tenantId, `operator-${tenantId}`],
  );
  await query(
    "INSERT INTO bearer_token (tenant_id, operator_id, token_hash, expires_at) VALUES ($1, $2, $3, now() + interval '1 hour')",
    [tenantId, operator?.id, hash()],
  );
  await query(
    `INSERT INTO api_token (tenant_id, operator_id, name, token_hash, scopes, expires_at)
     VALUES ($1, $2, 'A program', $3, '{sites:read}', now() + interval '1 day')`,
    [tenantId, operator?.id, hash()],
  );
  const ticketId = randomUUID();
  await query(
    `INSERT INTO view_ticket (id, tenant_id, site_label, camera, usage, issued_to, first_use_by, expires_at)
     VALUES ($1, $2, 'hamburg', 'gate', 'live', 'operator:test', now() + interval '5 minutes', now() + interval '1 hour')`,
    [ticketId, tenantId],
  );
  await query("INSERT INTO view_ticket_use (ticket_id, tenant_id, address) VALUES ($1, $2, '192.0.2.9')", [
    ticketId,
    tenantId,
  ]);
};

const insertIdempotencyKey = async (query: Query, tenantId: string): Promise<void> => {
  await query(
    `INSERT INTO idempotency_key (tenant_id, caller, key_digest, request_digest, claim_id, lease_until, expires_at)
     VALUES ($1, 'operator:test', $2, $2, gen_random_uuid(), now(), now() + interval '1 day')`,
    [tenantId, hash()],
  );
};

const insertRecovery = async (query: Query, tenantId: string, siteId: string): Promise<void> => {
  await query(
    "INSERT INTO recovery_denied (tenant_id, agent_id, kind, reason) VALUES ($1, gen_random_uuid(), 'revoked', 'test')",
    [tenantId],
  );
  await query("INSERT INTO recovery_denied_certificate (tenant_id, serial) VALUES ($1, 'test')", [tenantId]);
  await query(
    `INSERT INTO recovery_request (agent_id, tenant_id, site_id, site_label, serial, der, peer_address)
     VALUES (gen_random_uuid(), $1, $2, 'hamburg', '01', '\\x00', '192.0.2.7')`,
    [tenantId, siteId],
  );
};

const insertRole = async (query: Query, tenantId: string, siteId: string): Promise<void> => {
  const [role] = await query<{ id: string }>(
    "INSERT INTO federation_role (tenant_id, site_id, name) VALUES ($1, $2, 'Hamburg') RETURNING id",
    [tenantId, siteId],
  );
  const entityId = randomUUID();
  await query(
    `INSERT INTO entity (id, tenant_id, site_id, role_id, remote_id, kind, name, path, state)
     VALUES ($1, $2, $3, $4, 'gate', 'camera', 'Gate', 'gate', 'online')`,
    [entityId, tenantId, siteId, role?.id],
  );
  await query(
    "INSERT INTO entity_note (entity_id, tenant_id, site_id, note, noted_by) VALUES ($1, $2, $3, 'A note', 'operator:test')",
    [entityId, tenantId, siteId],
  );
  await query('INSERT INTO federation_replica (id) VALUES ($1)', [randomUUID()]);
};

const insertStreamAccount = async (query: Query, tenantId: string, siteId: string): Promise<void> => {
  const id = randomUUID();
  await query(
    `INSERT INTO stream_account (id, tenant_id, name, username, secret, usages, level, allowed_cidrs, created_by)
     VALUES ($1, $2, 'A recorder', $3, 'sealed', '{live}', 128, '{}', 'operator:test')`,
    [id, tenantId, randomBytes(8).toString('hex')],
  );
  await query('INSERT INTO stream_account_scope (account_id, tenant_id, site_id) VALUES ($1, $2, $3)', [
    id,
    tenantId,
    siteId,
  ]);
  await query("INSERT INTO stream_account_use (account_id, tenant_id, address) VALUES ($1, $2, '192.0.2.10')", [
    id,
    tenantId,
  ]);
};

const insertWebhook = async (query: Query, tenantId: string, siteId: string): Promise<void> => {
  const id = randomUUID();
  await query(
    `INSERT INTO webhook (id, tenant_id, url, description, events, secret)
     VALUES ($1, $2, 'https://receiver.example/', '', '{site.offline}', '\\x00')`,
    [id, tenantId],
  );
  await query("INSERT INTO webhook_delivery (tenant_id, webhook_id, seq, event) VALUES ($1, $2, 1, 'site.offline')", [
    tenantId,
    id,
  ]);
  await query('INSERT INTO webhook_cursor (tenant_id, seq) VALUES ($1, 1)', [tenantId]);
  await query("INSERT INTO site_presence (site_id, tenant_id, told) VALUES ($1, $2, 'online')", [siteId, tenantId]);
};

/** At a redirector that lives as long as no other one prunes it: nobody of it beats. */
const insertStream = async (query: Query, tenantId: string, siteId: string): Promise<void> => {
  const redirectorId = randomUUID();
  await query("INSERT INTO redirector (id, heartbeat_at) VALUES ($1, now() + interval '1 hour')", [redirectorId]);
  const [camera] = await query<{ id: string }>('SELECT id FROM entity WHERE tenant_id = $1', [tenantId]);
  await query(
    `INSERT INTO stream (id, tenant_id, redirector_id, site_id, camera_id, ticket_id, site_label, camera, usage, kind, watched_by,
                         level, transport, reason, encrypted, remote_address, started_at, figures)
     VALUES ($1, $2, $3, $4, $5, $6, 'hamburg', 'gate', 'live', 'live', 'operator:test', 1, 'tcp', 'best-available', false, '192.0.2.9', now(),
             '{"bytes":1,"units":1,"droppedUnits":0,"dropEpisodes":0,"backlogBytes":0,"stalledSeconds":0,"firstFrameMs":null,"lagMs":null,"lossFraction":null}')`,
    [randomUUID(), tenantId, redirectorId, siteId, camera?.id, randomUUID()],
  );
  await query(
    `INSERT INTO stream_source (redirector_id, tenant_id, camera_id, usage, figures) VALUES ($1, $2, $3, 'live', $4)`,
    [redirectorId, tenantId, camera?.id, SOURCE_FIGURES],
  );
};

const SOURCE_FIGURES = {
  state: 'up',
  lastError: null,
  upSeconds: 1,
  reconnects: 0,
  viewers: 1,
  bytes: 1,
  cacheBytes: 1,
  lostPackets: 0,
  discontinuities: 0,
  bitsPerSecond: 1,
  framesPerSecond: 1,
  gopFrames: null,
  secondsSinceKeyframe: null,
  jitterMs: 0,
  delayMs: null,
  hop: null,
  quality: null,
};

const insertEvents = async (query: Query, tenantId: string, siteId: string): Promise<void> => {
  const id = randomUUID();
  await query(
    `INSERT INTO event (tenant_id, arrived_at, id, site_id, store, sequence, type, occurrence_period, details, details_dropped)
     VALUES ($1, now(), $2, $3, 'pin', 1, 'alarm.raised', 'online', '{}', false)`,
    [tenantId, id, siteId],
  );
  await query("INSERT INTO event_position (site_id, tenant_id, store, sequence) VALUES ($1, $2, 'pin', 1)", [
    siteId,
    tenantId,
  ]);
  await query('INSERT INTO event_head (tenant_id, last_arrived_at) VALUES ($1, now())', [tenantId]);
  await query(
    `INSERT INTO alarm (id, tenant_id, site_id, source_id, remote_alarm_id, raised_at, details)
     VALUES ($1, $2, $3, '', 'alarm-1', now(), '{}')`,
    [id, tenantId, siteId],
  );
  await query('INSERT INTO webhook_event_cursor (tenant_id, last_arrived_at) VALUES ($1, now())', [tenantId]);
};

const insertOnboarding = async (query: Query, tenantId: string): Promise<void> => {
  const [onboarding] = await query<{ id: string }>(
    `INSERT INTO onboarding (tenant_id, state, total, created_by, correlation_id, salt, finished_at, download_until)
     VALUES ($1, 'completed', 1, 'operator:test', 'test', $2, now(), now() + interval '1 day') RETURNING id`,
    [tenantId, randomBytes(16)],
  );
  await query(
    `INSERT INTO onboarding_row (onboarding_id, tenant_id, number, name, state, error_code, finished_at)
     VALUES ($1, $2, 1, 'Hamburg', 'failed', 'test', now())`,
    [onboarding?.id, tenantId],
  );
};
