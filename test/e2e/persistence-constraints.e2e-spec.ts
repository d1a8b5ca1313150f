import { createDatabase, type TestDatabase } from '../harness/database.js';
import { insertTenant, type TenantRows } from './persistence.rows.js';

const UNIQUE = '23505';
const CHECK = '23514';
const FOREIGN_KEY = '23503';
const HASH = 'sha256(gen_random_uuid()::text::bytea)';

let database: TestDatabase;
let rows: TenantRows;
let other: TenantRows;

beforeAll(async () => {
  database = await createDatabase();
  rows = await insertTenant(database.query);
  other = await insertTenant(database.query);
}, 60_000);

afterAll(() => database?.drop());

/** A copy of the tenant's token for an agent of its own, with some columns replaced. */
const tokenCopy = (columns: Record<string, string>): string => {
  const values: Record<string, string> = {
    id: 'gen_random_uuid()',
    tenant_id: 'tenant_id',
    site_id: 'site_id',
    agent_id: 'a.id',
    token_hash: HASH,
    claim_spki_sha256: HASH,
    claim_spki: 'claim_spki',
    claim_serial: 'gen_random_uuid()::text',
    issued_by: "'operator:test'",
    expires_at: "now() + interval '1 day'",
    ...columns,
  };
  return `WITH a AS (INSERT INTO agent (id, tenant_id, site_id) VALUES (gen_random_uuid(), $1, $2) RETURNING id)
    INSERT INTO enrol_token (${Object.keys(values).join(', ')}) SELECT ${Object.values(values).join(', ')} FROM enrol_token, a WHERE tenant_id = $1`;
};

const certificateCopy = (columns: Record<string, string>): string => {
  const values: Record<string, string> = {
    serial: 'gen_random_uuid()::text',
    tenant_id: 'tenant_id',
    agent_id: 'agent_id',
    spki_sha256: HASH,
    renews: 'serial',
    generation: 'generation + 1',
    state: "'superseded'",
    der: 'der',
    issuer_chain: 'issuer_chain',
    not_before: 'not_before',
    not_after: 'not_after',
    ...columns,
  };
  return `INSERT INTO certificate (${Object.keys(values).join(', ')}) SELECT ${Object.values(values).join(', ')} FROM certificate
    WHERE tenant_id = $1 AND enrol_token_id IS NOT NULL AND $2::uuid IS NOT NULL`;
};

/** The owner's statements run one by one, each in a transaction that is rolled back. */
const refusalOf = async (statements: readonly string[]): Promise<unknown> => {
  const text = statements.map((sql) =>
    sql.replaceAll('$1', `'${rows.tenantId}'::uuid`).replaceAll('$2', `'${rows.siteId}'::uuid`),
  );
  return database.query(`BEGIN; ${text.join('; ')}; ROLLBACK`).then(
    () => 'accepted',
    (error: { code?: string }) => error.code,
  );
};

describe('enrolment tokens', () => {
  it.each([
    ['the copy itself is sound', [tokenCopy({})], 'accepted'],
    ['two have one hash', [tokenCopy({ token_hash: 'token_hash' })], UNIQUE],
    ['a hash is not 32 bytes', [tokenCopy({ token_hash: "'\\x00'::bytea" })], CHECK],
    ['two have one claim key', [tokenCopy({ claim_spki_sha256: 'claim_spki_sha256' })], UNIQUE],
    ['a claim key hash is not 32 bytes', [tokenCopy({ claim_spki_sha256: "'\\x00'::bytea" })], CHECK],
    ['one agent has two that are open', [tokenCopy({ agent_id: 'agent_id' })], UNIQUE],
    ['the state is none of the list', [tokenCopy({ state: "'lost'" })], CHECK],
    ['one lives over 30 days', [tokenCopy({ expires_at: "now() + interval '31 days'" })], CHECK],
    ['one is claimed without a key', [tokenCopy({ state: "'claimed'", claimed_at: 'now()' })], CHECK],
    ['one is issued and claimed', [tokenCopy({ claimed_at: 'now()' })], CHECK],
    ['one is revoked without a time', [tokenCopy({ state: "'revoked'" })], CHECK],
    ['one has a time of revocation and another state', [tokenCopy({ revoked_at: 'now()' })], CHECK],
    [
      'one is redeemed without a time',
      [tokenCopy({ state: "'redeemed'", claimed_at: 'now()', csr_spki: "'\\x00'::bytea" })],
      CHECK,
    ],
    [
      'one is closed without a time',
      [tokenCopy({ state: "'closed'", claimed_at: 'now()', csr_spki: "'\\x00'::bytea", redeemed_at: 'now()' })],
      CHECK,
    ],
    ['one names no agent', [tokenCopy({ agent_id: 'gen_random_uuid()' })], FOREIGN_KEY],
  ])('when %s', async (_title, statements, expected) => {
    expect(await refusalOf(statements)).toBe(expected);
  });
});

describe('certificates', () => {
  const current = "UPDATE certificate SET state = 'current' WHERE tenant_id = $1";

  it.each([
    ['the copy itself is sound', [certificateCopy({})], 'accepted'],
    ['two have one serial', [certificateCopy({ serial: 'serial' })], UNIQUE],
    ['two have one key', [certificateCopy({ spki_sha256: 'spki_sha256' })], UNIQUE],
    ['two come of one token', [certificateCopy({ renews: 'NULL', enrol_token_id: 'enrol_token_id' })], UNIQUE],
    ['two renew the same one', [certificateCopy({}), certificateCopy({ generation: '3' })], UNIQUE],
    ['an agent has two pending', [certificateCopy({ state: "'pending'" })], UNIQUE],
    ['an agent has two current', [current, certificateCopy({ state: "'current'" })], UNIQUE],
    ['an agent has two of one generation', [certificateCopy({ generation: '1' })], UNIQUE],
    ['one has no origin', [certificateCopy({ renews: 'NULL' })], CHECK],
    ['one has two origins', [certificateCopy({ enrol_token_id: 'enrol_token_id' })], CHECK],
    ['one is revoked without a time', [certificateCopy({ state: "'revoked'" })], CHECK],
    ['the state is none of the list', [certificateCopy({ state: "'lost'" })], CHECK],
  ])('when %s', async (_title, statements, expected) => {
    expect(await refusalOf(statements)).toBe(expected);
  });
});

describe('the rest of the schema', () => {
  it.each([
    [
      'two sites of a tenant have one label',
      "INSERT INTO site (tenant_id, name, label) VALUES ($1, 'x', 'hamburg')",
      UNIQUE,
    ],
    ['a label is no DNS label', "INSERT INTO site (tenant_id, name, label) VALUES ($1, 'x', 'Süd')", CHECK],
    [
      'a role federates no kind of entity',
      "INSERT INTO federation_role (tenant_id, site_id, name, entity_types) VALUES ($1, $2, 'x', '{}')",
      CHECK,
    ],
    [
      'a password is stored as anything but argon2id',
      "INSERT INTO operator (tenant_id, username, password_hash) VALUES ($1, 'x', 'secret')",
      CHECK,
    ],
    ['an operator could sign in by nothing', "INSERT INTO operator (tenant_id, username) VALUES ($1, 'x')", CHECK],
    [
      'an operator has no role',
      "INSERT INTO operator (tenant_id, username, password_hash, roles) VALUES ($1, 'x', '$argon2id$x', '{}')",
      CHECK,
    ],
    [
      'an operator has a role that is none',
      "INSERT INTO operator (tenant_id, username, password_hash, roles) VALUES ($1, 'x', '$argon2id$x', '{root}')",
      CHECK,
    ],
    [
      'two operators are one person at the identity provider',
      `INSERT INTO operator (tenant_id, username, identity_issuer, identity_subject) VALUES ($1, 'x', 'https://i', 's'), ($1, 'y', 'https://i', 's')`,
      UNIQUE,
    ],
    [
      'an API token lives over a year',
      `INSERT INTO api_token (tenant_id, operator_id, name, token_hash, scopes, expires_at)
       SELECT tenant_id, operator_id, 'x', ${HASH}, scopes, now() + interval '367 days' FROM api_token WHERE tenant_id = $1`,
      CHECK,
    ],
    [
      'two operators’ names differ in case alone',
      'INSERT INTO operator (tenant_id, username, password_hash) SELECT $1, upper(username), password_hash FROM operator WHERE tenant_id = $1',
      UNIQUE,
    ],
    [
      'an agent has two open sessions at one broker',
      `INSERT INTO tunnel_session (id, tenant_id, site_id, agent_id, broker_id, instance_id, certificate_serial, remote_address, agent_version, platform)
       SELECT gen_random_uuid(), tenant_id, site_id, agent_id, broker_id, 'b', '01', 'x', 'x', 'x' FROM tunnel_session WHERE tenant_id = $1`,
      UNIQUE,
    ],
    ['a session ends without a reason', 'UPDATE tunnel_session SET closed_at = now() WHERE tenant_id = $1', CHECK],
  ])('refuses it when %s', async (_title, statement, expected) => {
    expect(await refusalOf([statement])).toBe(expected);
  });

  it('refuses an agent of one tenant at a site of another', async () => {
    const insert = 'INSERT INTO agent (id, tenant_id, site_id) VALUES (gen_random_uuid(), $1, $2)';
    await expect(database.query(insert, [other.tenantId, rows.siteId])).rejects.toMatchObject({ code: FOREIGN_KEY });
  });
});
