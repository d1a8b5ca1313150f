import { randomUUID } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { migrateDown, MIGRATIONS, RevocationJournal, Transaction } from '@app/persistence';
import { adit, deploymentHome, type AditRun } from '../harness/adit.js';
import { createDatabase, createEmptyDatabase, type TestDatabase } from '../harness/database.js';
import { insertTenant } from './persistence.rows.js';

type Empty = Awaited<ReturnType<typeof createEmptyDatabase>>;

const PASSPHRASE = 'correct horse battery staple';
/** Deriving a key from a passphrase is meant to take its time. */
jest.setTimeout(60_000);

let database: TestDatabase;
let home: Awaited<ReturnType<typeof deploymentHome>>;
let work: string;
let good: string;
let identity: string;
let taken: AditRun;

const path = (name: string): string => join(work, name);
const run = (argv: string[], databaseUrl = database.ownerUrl, dir = home.dir): Promise<AditRun> =>
  adit(argv, { home: dir, databaseUrl });

beforeAll(async () => {
  database = await createDatabase();
  for (let n = 0; n < 3; n++) await insertTenant(database.query);
  home = await deploymentHome();
  work = join(home.dir, 'work');
  mkdirSync(work);
  identity = path('key.txt');
  const { out } = await run(['backup', 'keygen', '--output', identity]);
  good = path('good.backup');
  taken = await run(['backup', '--output', good, '--recipient', out.trim()]);
}, 120_000);

afterAll(async () => {
  home?.remove();
  await database?.drop();
});

/** Every row of every table, as text; but numbers of transactions, which come anew with the rows. */
const contentOf = async (query: Empty['query']): Promise<Record<string, string[]>> => {
  const tables = await query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
        AND relname <> 'migrations' ORDER BY 1`,
  );
  const content: Record<string, string[]> = {};
  for (const { name } of tables) {
    const rows = await query<{ row: string }>(
      `SELECT (to_jsonb(t) - 'transaction_id')::text AS row FROM ${name} t ORDER BY 1`,
    );
    content[name] = rows.map(({ row }) => row);
  }
  return content;
};

describe('a backup', () => {
  it('is for its owner only, and says in the clear what it is of', async () => {
    expect(taken).toMatchObject({ code: 0, out: expect.stringContaining('deployment test') });
    expect(statSync(good).mode & 0o777).toBe(0o600);
    const { code, out } = await run(['backup', 'inspect', good, '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ deployment: 'test', version: '0.1.0', journal: null, verified: false });
  });

  it('is whole, says whoever can open it', async () => {
    const { code, out } = await run(['backup', 'inspect', good, '--verify', '--identity', identity, '--json']);
    expect(code).toBe(0);
    const said = JSON.parse(out) as {
      files: { folder: string; path: string }[];
      tables: { name: string; rows: number }[];
    };
    expect(said.files.map(({ folder, path: file }) => `${folder}/${file}`)).toEqual(
      expect.arrayContaining(['ca/agent-ca.key', 'ca/root.crt', 'secrets/federation/field.key', 'public-keys/']),
    );
    expect(said.files.filter(({ path: file }) => file.includes('nats.nk'))).toEqual([]);
    expect(said.tables).toContainEqual({ name: 'site', rows: 3 });
  });

  it('shows no name, key or hash of what is in it', async () => {
    const bytes = readFileSync(good);
    const [site] = await database.query<{ id: string }>('SELECT id FROM site LIMIT 1');
    for (const secret of ['Hamburg', 'PRIVATE KEY', '$argon2id$', site?.id ?? ''])
      expect(bytes.includes(secret)).toBe(false);
  });

  it('is not written over another file, and leaves nothing of one that fails', async () => {
    expect(await run(['backup', '--output', good, '--passphrase-file', identity])).toMatchObject({
      code: 73,
      err: expect.stringContaining('backup-exists'),
    });
    const nobody = database.ownerUrl.replace(/\/[^/]*$/, '/nowhere');
    const failed = await run(['backup', '--output', path('failed.backup'), '--passphrase-file', identity], nobody);
    expect(failed).toMatchObject({ code: 69, err: expect.stringContaining('database-unavailable') });
    expect(readdirSync(work).filter((name) => name.includes('failed'))).toEqual([]);
  });

  it('leaves nothing when Ctrl-C ends it', async () => {
    await database.query(
      `CREATE TABLE bulk AS SELECT repeat(md5(n::text), 100) AS text FROM generate_series(1, 60000) n`,
    );
    try {
      const output = path('interrupted.backup');
      const stopped = await adit(['backup', '--output', output, '--passphrase-file', identity], {
        home: home.dir,
        databaseUrl: database.ownerUrl,
        started: (child) => {
          const timer = setInterval(() => {
            if (!readdirSync(work).some((name) => name.startsWith('.interrupted'))) return;
            clearInterval(timer);
            child.kill('SIGINT');
          }, 5);
          child.once('close', () => clearInterval(timer));
        },
      });
      expect(stopped).toMatchObject({ code: 130, err: expect.stringContaining('interrupted') });
      expect(readdirSync(work).filter((name) => name.includes('interrupted'))).toEqual([]);
    } finally {
      await database.query('DROP TABLE bulk');
    }
  });
});

describe('a restore', () => {
  let target: Empty;
  let elsewhere: string;
  const restore = (file: string, ...flags: string[]): Promise<AditRun> =>
    run(
      ['restore', file, ...(flags.includes('--passphrase-file') ? [] : ['--identity', identity]), ...flags],
      target.ownerUrl,
      elsewhere,
    );

  beforeEach(async () => {
    target = await createEmptyDatabase();
    elsewhere = path('elsewhere');
  });
  afterEach(async () => {
    rmSync(elsewhere, { recursive: true, force: true });
    await target.drop();
  });

  it('brings every row, sequence and key back', async () => {
    expect(await restore(good, '--without-journal')).toMatchObject({ code: 0, err: '' });
    const [before, after] = [await contentOf(database.query), await contentOf(target.query)];
    const changed = [
      'api_token',
      'audit_event',
      'audit_head',
      'bearer_token',
      'enrol_token',
      'recovery',
      'stream_account',
      'view_ticket',
    ];
    for (const table of changed) {
      expect(after[table]?.length).toBeGreaterThanOrEqual(before[table]?.length ?? 0);
      delete before[table];
      delete after[table];
    }
    expect(after).toEqual(before);
    for (const file of ['issuer/ca/root.key', 'issuer/ca/agent-ca.crt', 'secrets/federation/field.key']) {
      expect(readFileSync(join(elsewhere, file))).toEqual(readFileSync(join(home.dir, file)));
      expect(statSync(join(elsewhere, file)).mode & 0o777).toBe(0o600);
    }
    const next = `SELECT last_value, is_called FROM revocation_seq_seq`;
    expect(await target.query(next)).toEqual(await database.query(next));
    expect(await target.query('SELECT count(DISTINCT transaction_id)::int AS transactions FROM revocation')).toEqual([
      { transactions: 1 },
    ]);
    await expect(target.query('DELETE FROM audit_event')).rejects.toMatchObject({ code: '42501' });
  });

  it('ends what had been given out, and revokes the keyfiles that nobody knows about', async () => {
    await restore(good, '--without-journal');
    const open = `SELECT (SELECT count(*)::int FROM bearer_token WHERE revoked_at IS NULL) AS tokens,
      (SELECT count(*)::int FROM view_ticket WHERE revoked_at IS NULL) AS tickets,
      (SELECT count(*)::int FROM stream_account WHERE secret IS NOT NULL) AS accounts,
      (SELECT count(*)::int FROM enrol_token WHERE state = 'issued') AS keyfiles`;
    expect(await target.query(open)).toEqual([{ tokens: 0, tickets: 0, accounts: 0, keyfiles: 0 }]);
    expect(await target.query('SELECT journal, closed_at FROM recovery')).toEqual([
      { journal: 'absent', closed_at: null },
    ]);
  });

  it('opens with the passphrase too', async () => {
    const [file, secret] = [path('sealed.backup'), path('passphrase')];
    writeFileSync(secret, PASSPHRASE, { mode: 0o600 });
    expect(await run(['backup', '--output', file, '--passphrase-file', secret])).toMatchObject({ code: 0 });
    expect(await restore(file, '--without-journal', '--passphrase-file', secret)).toMatchObject({ code: 0 });
    writeFileSync(secret, 'another', { mode: 0o600 });
    const wrong = await restore(
      file,
      '--without-journal',
      '--passphrase-file',
      secret,
      '--replace',
      '--confirm',
      'test',
    );
    expect(wrong).toMatchObject({ code: 77, err: expect.stringContaining('backup-wrong-key') });
  });

  const damaged = (change: (bytes: Buffer) => Buffer): string => {
    const file = path(`damaged-${Math.random()}`);
    writeFileSync(file, change(readFileSync(good)));
    return file;
  };
  const flip = (bytes: Buffer, at: number): Buffer => {
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
    return bytes;
  };

  it.each([
    ['cut off by one byte', 65, 'backup-damaged', () => damaged((bytes) => bytes.subarray(0, -1))],
    ['cut off in the middle', 65, 'backup-damaged', () => damaged((bytes) => bytes.subarray(0, bytes.length / 2))],
    [
      'cut off behind its head',
      65,
      'backup-damaged',
      () => damaged((bytes) => bytes.subarray(0, bytes.indexOf(10) + 1)),
    ],
    ['with a changed byte at its end', 65, 'backup-damaged', () => damaged((bytes) => flip(bytes, bytes.length - 1))],
    [
      'with a changed byte in the middle',
      65,
      'backup-damaged',
      () => damaged((bytes) => flip(bytes, bytes.length >> 1)),
    ],
    [
      'with something behind its end',
      65,
      'backup-damaged',
      () => damaged((bytes) => Buffer.concat([bytes, Buffer.from('x')])),
    ],
    [
      'with a changed head',
      65,
      'backup-damaged',
      () =>
        damaged((bytes) =>
          Buffer.concat([
            Buffer.from(bytes.subarray(0, bytes.indexOf(10)).toString().replace('"test"', '"tost"')),
            bytes.subarray(bytes.indexOf(10)),
          ]),
        ),
    ],
    ['that is another file', 65, 'backup-foreign', () => identity],
    ['that is not there', 66, 'backup-missing', () => path('none')],
  ])('of a backup %s is refused with its reason, and changes nothing', async (_name, code, word, file) => {
    expect(await restore(file(), '--without-journal')).toMatchObject({ code, err: expect.stringContaining(word) });
    expect(await target.query("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace")).toEqual([]);
    expect(existsSync(elsewhere)).toBe(false);
  });

  it('wants to be told about the journal', async () => {
    expect(await restore(good)).toMatchObject({ code: 66, err: expect.stringContaining('journal-missing') });
  });

  it('does not touch a database that is in use, nor other keys, unless the deployment is named', async () => {
    await restore(good, '--without-journal');
    const before = await contentOf(target.query);
    expect(await restore(good, '--without-journal')).toMatchObject({
      code: 73,
      err: expect.stringContaining('database-not-empty'),
    });
    const unnamed = await restore(good, '--without-journal', '--replace');
    expect(unnamed).toMatchObject({ code: 77, err: expect.stringContaining('not-confirmed') });
    expect(await contentOf(target.query)).toEqual(before);
    writeFileSync(join(elsewhere, 'issuer', 'ca', 'root.key'), 'another');
    expect(await restore(good, '--without-journal', '--replace', '--confirm', 'test')).toMatchObject({ code: 0 });
    const aside = readdirSync(join(elsewhere, 'issuer')).find((name) => name.startsWith('ca.before-restore-')) ?? '';
    expect(readFileSync(join(elsewhere, 'issuer', aside, 'root.key'), 'utf8')).toBe('another');
    expect(readdirSync(elsewhere).filter((name) => name.includes('restoring'))).toEqual([]);
  });

  it('that is killed at any time leaves the database as it was, and can be run again', async () => {
    for (const afterMs of [150, 300, 450, 600, 750]) {
      await adit(['restore', good, '--identity', identity, '--without-journal'], {
        home: elsewhere,
        databaseUrl: target.ownerUrl,
        started: (child) => {
          const timer = setTimeout(() => child.kill('SIGKILL'), afterMs);
          child.once('close', () => clearTimeout(timer));
        },
      });
      const [{ tables } = { tables: -1 }] = await target.query<{ tables: number }>(
        `SELECT count(*)::int AS tables FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'`,
      );
      // All of it or nothing.
      if (tables > 0) expect(await target.query('SELECT count(*)::int AS marks FROM recovery')).toEqual([{ marks: 1 }]);
      if (tables > 0) break;
    }
    const again = await restore(good, '--without-journal', '--replace', '--confirm', 'test');
    expect(again).toMatchObject({ code: 0 });
  }, 60_000);

  it('of a backup by a newer version is refused', async () => {
    const newer = path('newer.backup');
    await database.query(`INSERT INTO migrations (timestamp, name) VALUES (1800000000000, 'Later1800000000000')`);
    try {
      const { out } = await run(['backup', 'keygen', '--output', path('newer.key')]);
      await run(['backup', '--output', newer, '--recipient', out.trim()]);
    } finally {
      await database.query(`DELETE FROM migrations WHERE name = 'Later1800000000000'`);
    }
    const refused = await restore(newer, '--without-journal', '--identity', path('newer.key'));
    expect(refused).toMatchObject({ code: 73, err: expect.stringContaining('backup-newer') });
  });

  it('of a backup by an earlier version brings it up to date', async () => {
    const earlier = await createEmptyDatabase();
    try {
      const kept = path('earlier.backup');
      await run(['restore', good, '--identity', identity, '--without-journal'], earlier.ownerUrl, path('earlier'));
      const steps = MIGRATIONS.length - MIGRATIONS.findIndex(({ name }) => name === 'Recovery1700000000009');
      for (let step = 0; step < steps; step += 1) await migrateDown(earlier.ownerUrl);
      const { out } = await run(['backup', 'keygen', '--output', path('earlier.key')]);
      expect(await run(['backup', '--output', kept, '--recipient', out.trim()], earlier.ownerUrl)).toMatchObject({
        code: 0,
      });
      expect(await restore(kept, '--without-journal', '--identity', path('earlier.key'))).toMatchObject({ code: 0 });
      expect(await target.query('SELECT count(*)::int AS marks FROM recovery')).toEqual([{ marks: 1 }]);
    } finally {
      await earlier.drop();
    }
  });

  it('takes any whole copy of the journal, or several that are whole together, but none that is older than the backup', async () => {
    const [one, other, old] = [path('one.journal'), path('other.journal'), path('old.journal')];
    const open = () => RevocationJournal.open([one, other], () => undefined);
    const note = async (journal: RevocationJournal) => {
      const tx = new Transaction({} as never);
      const lost = { tenantId: randomUUID(), agentId: randomUUID() };
      await journal.record(tx, { kind: 'agent-revoked', ...lost, keyfileId: null, serials: [], reason: 'stolen' });
      tx.end('committed');
      await journal.onApplicationShutdown();
    };
    await note(await open());
    copyFileSync(one, old);
    await note(await open());
    const [file, key] = [path('journal.backup'), path('journal.key')];
    const { out } = await run(['backup', 'keygen', '--output', key]);
    const backup = ['backup', '--output', file, '--recipient', out.trim(), '--journal', `${one},${other}`];
    expect(await run(backup)).toMatchObject({ code: 0, err: '' });
    await note(await open());
    const lines = readFileSync(other, 'utf8').split('\n');
    writeFileSync(other, lines.filter((_, index) => index !== 3).join('\n'));
    const using = (...files: string[]) => restore(file, '--identity', key, '--journal', files.join(','), '--json');
    expect(await using(old)).toMatchObject({ code: 65, err: expect.stringContaining('journal-foreign') });
    expect(await using(other)).toMatchObject({ code: 65, err: expect.stringContaining(`${other}:4`) });
    const foreign = path('foreign.journal');
    await note(await RevocationJournal.open([foreign], () => undefined));
    expect(await using(one, foreign)).toMatchObject({ code: 65, err: expect.stringContaining('journal-foreign') });
    writeFileSync(one, readFileSync(one, 'utf8').split('\n').slice(0, -3).join('\n'));
    const restored = await using(one, other, path('gone.journal'));
    expect(restored).toMatchObject({ code: 0, err: '' });
    expect(JSON.parse(restored.out)).toMatchObject({ journal: { events: 3, agentsDenied: 3 } });
  });

  it('refuses a journal that was changed, or is not the one of the backup', async () => {
    const journal = path('foreign.journal');
    writeFileSync(journal, 'x\n');
    expect(await restore(good, '--journal', journal)).toMatchObject({
      code: 65,
      err: expect.stringContaining('journal-damaged'),
    });
    truncateSync(journal, 0);
    expect(await restore(good, '--journal', journal)).toMatchObject({
      code: 65,
      err: expect.stringContaining('journal-damaged'),
    });
  });
});
