import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Session } from '@app/multiplex';
import { Database, DEFAULT_TENANT_ID, FEED_START, type FeedPlace, RevocationFeedRepository } from '@app/persistence';
import { Client } from 'pg';
import { waitUntil } from '../harness/condition.js';
import { closeOf, enrolled, openTunnel } from '../harness/tunnel-agent.js';
import { type Keyfile, TunnelCloud } from '../harness/tunnel-cloud.js';

/** By the feed; the record is looked at each 15 s. */
const AT_ONCE_MS = 1_500;
const feed = new RevocationFeedRepository();

let cloud: TunnelCloud;
let broker: Database;
let otherTenant: string;

beforeAll(async () => {
  cloud = await TunnelCloud.start();
  const logins = JSON.parse(readFileSync(join(cloud.platform.dataDir, 'logins.json'), 'utf8')) as Record<
    string,
    string
  >;
  broker = await Database.open({ url: logins['tunnel-broker'] ?? '', applicationName: 'test' });
  otherTenant = randomUUID();
  await cloud.query(`INSERT INTO tenant (id, name) VALUES ($1, 'Other')`, [otherTenant]);
}, 90_000);

afterAll(async () => {
  await broker?.close();
  await cloud?.stop();
});

const newAgent = async (): Promise<{ keyfile: Keyfile; session: Session }> => {
  const keyfile = await cloud.newKeyfile(await cloud.newSite());
  return { keyfile, session: await openTunnel(cloud.tunnelPort, await enrolled(cloud.tunnelPort, keyfile.text)) };
};

/** A transaction of the owner that others wait for. */
const held = async (
  statement: string,
  values: unknown[],
): Promise<AsyncDisposable & { release: () => Promise<unknown> }> => {
  const client = new Client({ connectionString: cloud.platform.database.ownerUrl });
  await client.connect();
  await client.query('BEGIN');
  await client.query(statement, values);
  return { release: () => client.query('COMMIT'), [Symbol.asyncDispose]: () => client.end() };
};

const revokeOthers = (count: number): Promise<unknown[]> =>
  cloud.query(
    `WITH added AS (INSERT INTO revocation (tenant_id, agent_id, reason) SELECT $1, gen_random_uuid(), 'test'
       FROM generate_series(1, $2) RETURNING seq) SELECT pg_notify('revocation', max(seq)::text) FROM added`,
    [otherTenant, count],
  );

const lastSeq = async (): Promise<number> => {
  const [row] = await cloud.query<{ last: string }>(
    'SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS last FROM revocation_seq_seq',
  );
  return Number(row?.last);
};

/** As a broker reads: all pages of the same look, and where the next one begins. */
const readAll = async (transaction: string): Promise<{ seqs: number[]; horizon: string; pages: number }> => {
  const seqs: number[] = [];
  let pages = 0;
  let horizon = '';
  let place: FeedPlace | undefined = { ...FEED_START, transaction };
  while (place !== undefined) {
    const from: FeedPlace = place;
    const page = await broker.inSystem((tx) => feed.after(tx, from));
    if (pages === 0) ({ horizon } = page);
    pages += 1;
    seqs.push(...page.revocations.map(({ seq }) => seq));
    place = page.next;
  }
  return { seqs, horizon, pages };
};

describe('a revocation', () => {
  it('that is committed long after later ones ends its tunnel all the same', async () => {
    const { keyfile, session } = await newAgent();
    await using head = await held('SELECT FROM audit_head WHERE chain = $1 FOR UPDATE', [DEFAULT_TENANT_ID]);
    const before = await lastSeq();
    const revoked = cloud.revoke(keyfile.keyfileId);
    await waitUntil('its number is taken', async () => (await lastSeq()) > before, 3_000);
    await revokeOthers(70);
    await new Promise((resolve) => setTimeout(resolve, 500));
    await head.release();
    await revoked;
    const started = performance.now();
    expect(await closeOf(session)).toMatchObject({ code: 'certificate-revoked' });
    expect(performance.now() - started).toBeLessThan(AT_ONCE_MS);
  }, 30_000);

  it.each([
    ['revoked', `UPDATE agent SET state = 'revoked', revoked_at = now() WHERE id = $1`, 'agent-revoked'],
    [
      'locked',
      `UPDATE agent SET state = 'locked', locked_at = now(), lock_reason = 'test' WHERE id = $1`,
      'agent-locked',
    ],
    [
      'deprived of its certificate',
      `UPDATE certificate SET state = 'revoked', revoked_at = now() WHERE agent_id = $1`,
      'certificate-revoked',
    ],
  ])(
    'that no feed tells of ends the tunnel of an agent that is %s',
    async (_name, statement, code) => {
      const [{ keyfile, session }, other] = [await newAgent(), await newAgent()];
      await cloud.query(statement, [keyfile.agentId]);
      expect(await closeOf(session)).toMatchObject({ code });
      expect(other.session.closeReason).toBeUndefined();
      other.session.close('agent-stopped');
      await closeOf(other.session);
    },
    30_000,
  );
});

describe('the feed of revocations', () => {
  it('gives a row whose transaction outlived later ones, and then no more', async () => {
    const begin = (await readAll(FEED_START.transaction)).horizon;
    await using early = await held(
      `INSERT INTO revocation (tenant_id, agent_id, reason) VALUES ($1, gen_random_uuid(), 'early')`,
      [otherTenant],
    );
    const seq = await lastSeq();
    await revokeOthers(3);
    const first = await readAll(begin);
    expect(first.seqs).toEqual([seq + 1, seq + 2, seq + 3]);
    await early.release();
    let { seqs, horizon } = await readAll(first.horizon);
    expect(seqs).toContain(seq);
    // Others that write in this cluster just now hold the horizon back.
    await waitUntil('nothing is given again', async () => {
      ({ seqs, horizon } = await readAll(horizon));
      return seqs.length === 0;
    });
  });

  it('comes in pages that have every row once', async () => {
    const begin = (await readAll(FEED_START.transaction)).horizon;
    const before = await lastSeq();
    await revokeOthers(10_001);
    await revokeOthers(10_000);
    const { seqs, pages } = await readAll(begin);
    expect(pages).toBe(3);
    expect(seqs.filter((seq) => seq > before)).toEqual(
      Array.from({ length: 20_001 }, (_, index) => before + 1 + index),
    );
  });

  it('is found by its index', async () => {
    const plan = await cloud.query<{ 'QUERY PLAN': string }>(
      `EXPLAIN SELECT seq FROM revocation_feed r
        WHERE r.transaction_id >= '900000'::xid8 AND (r.transaction_id, r.seq) > ('900000'::xid8, 0) ORDER BY r.transaction_id, r.seq LIMIT 10000`,
    );
    expect(plan.map((row) => row['QUERY PLAN']).join('\n')).toContain('revocation_transaction');
  });
});
