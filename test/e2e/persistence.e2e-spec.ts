import { createHash } from 'node:crypto';
import { DEFAULT_TENANT_ID, migrateDown, migrateUp, MIGRATIONS } from '@app/persistence';
import { createDatabase, createEmptyDatabase, type TestDatabase } from '../harness/database.js';

const TABLES =
  "SELECT count(*)::int AS count FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v')";
const NAMES = MIGRATIONS.map((migration) => migration.name);

describe('migrations', () => {
  it('go up, down and up again on an empty database', async () => {
    const database = await createEmptyDatabase();
    try {
      expect(await migrateUp(database.ownerUrl)).toEqual(NAMES);
      const [full] = await database.query<{ count: number }>(TABLES);
      for (const _ of NAMES) await migrateDown(database.ownerUrl);
      // What stays is the list of migrations itself.
      expect(await database.query(TABLES)).toEqual([{ count: 1 }]);
      expect(await database.query("SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace")).toEqual(
        [],
      );
      expect(await migrateUp(database.ownerUrl)).toEqual(NAMES);
      expect(await database.query(TABLES)).toEqual([full]);
    } finally {
      await database.drop();
    }
  }, 20_000);

  it('run once when two migrators start at the same time', async () => {
    const database = await createEmptyDatabase();
    try {
      const applied = await Promise.all([migrateUp(database.ownerUrl), migrateUp(database.ownerUrl)]);
      expect(applied.flat()).toEqual(NAMES);
      expect(await migrateUp(database.ownerUrl)).toEqual([]);
    } finally {
      await database.drop();
    }
  });
});

describe('operators of the version before', () => {
  const name = 'OperatorAccess1700000000003';

  it('keep every right, and going back leaves out who has no password', async () => {
    const database = await createDatabase();
    try {
      const steps = NAMES.length - NAMES.indexOf(name);
      for (let step = 0; step < steps; step += 1) await migrateDown(database.ownerUrl);
      const insert = "INSERT INTO operator (tenant_id, username, password_hash) VALUES ($1, 'first', '$argon2id$x')";
      await database.query(insert, [DEFAULT_TENANT_ID]);
      await migrateUp(database.ownerUrl);
      expect(await database.query('SELECT username, roles FROM operator')).toEqual([
        { username: 'first', roles: ['administrator', 'security-officer'] },
      ]);
      await database.query(
        "INSERT INTO operator (tenant_id, username, identity_issuer, identity_subject) VALUES ($1, 'second', 'https://i', 's')",
        [DEFAULT_TENANT_ID],
      );
      for (let step = 0; step < steps; step += 1) await migrateDown(database.ownerUrl);
      expect(await database.query('SELECT username FROM operator_login')).toEqual([{ username: 'first' }]);
    } finally {
      await database.drop();
    }
  }, 20_000);
});

describe('the audit chain', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createDatabase();
    const append = 'SELECT audit_append($1, $2, $3, $4, $5)';
    for (const n of [1, 2, 3]) {
      await database.query(append, [
        DEFAULT_TENANT_ID,
        'system',
        'test.made',
        String(n),
        JSON.stringify({ b: 1, a: n }),
      ]);
    }
  }, 60_000);

  afterAll(() => database.drop());

  it('can be verified from its rows alone', async () => {
    const rows = await database.query<{ seq: string; prev: Buffer; hash: Buffer; body: string }>(
      'SELECT seq, prev, hash, body FROM audit_event WHERE chain = $1 ORDER BY seq',
      [DEFAULT_TENANT_ID],
    );
    expect(rows.map(({ seq }) => seq)).toEqual(['1', '2', '3']);
    let previous: Buffer = createHash('sha256').update(DEFAULT_TENANT_ID).digest();
    for (const { prev, hash, body } of rows) {
      expect(prev).toEqual(previous);
      expect(hash).toEqual(createHash('sha256').update(previous).update(body).digest());
      previous = hash;
    }
  });

  it('has no gap and no fork when many write at once', async () => {
    const writes = Array.from({ length: 12 }, () =>
      database.query("SELECT audit_append($1, 'system', 'test.raced', 'x', '{}')", [DEFAULT_TENANT_ID]),
    );
    await Promise.all(writes);
    const [row] = await database.query(
      'SELECT count(*)::int AS rows, max(seq)::int AS last, count(DISTINCT prev)::int AS links FROM audit_event WHERE chain = $1',
      [DEFAULT_TENANT_ID],
    );
    expect(row).toEqual({ rows: 15, last: 15, links: 15 });
  });

  it.each([
    ['changed', "UPDATE audit_event SET body = ''"],
    ['deleted', 'DELETE FROM audit_event'],
    ['emptied', 'TRUNCATE audit_event'],
  ])('cannot be %s, not even by the owner', async (_name, statement) => {
    await expect(database.query(statement)).rejects.toMatchObject({ code: '42501' });
  });

  it('keeps two events from following the same one', async () => {
    const fork = 'INSERT INTO audit_event SELECT chain, 99, prev, hash, body FROM audit_event WHERE seq = 2';
    await expect(database.query(fork)).rejects.toMatchObject({ code: '23505' });
  });
});
