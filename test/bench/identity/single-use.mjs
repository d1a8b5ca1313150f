import { randomBytes, randomUUID } from 'node:crypto';
import { BenchCloud } from '../cloud.mjs';
import { built, builtApp } from '../built.mjs';

const ROUNDS = 10_000;
const CONTENDERS = 8;
const ROWS_AT_ONCE = 1_000;

/**
 * The statement that decides who has a keyfile, under the issuer's own login: 8 connections want each of 10,000 rows.
 * @param {import('../../../tools/bench.mjs').Bench} bench
 */
export default async function singleUse({ report }) {
  const cloud = await BenchCloud.start();
  const { Database, DEFAULT_TENANT_ID: tenantId, readLogins } = await built('persistence');
  const { EnrolmentRepository } = await builtApp('keyfile-issuer', 'enrolment/enrolment.repository.js');
  const logins = await readLogins(`${cloud.dataDir}/logins.json`);
  const url = logins['keyfile-issuer'];
  const contenders = await Promise.all(
    Array.from({ length: CONTENDERS }, () => Database.open({ url, applicationName: 'contender', poolSize: 1 })),
  );
  try {
    const rows = new EnrolmentRepository();
    const keyfiles = await insertTokens(cloud, tenantId);
    let violations = 0;
    const began = performance.now();
    for (const keyfileId of keyfiles) {
      const tries = contenders.map((database, index) =>
        database.inTenant(tenantId, (/** @type {unknown} */ tx) =>
          rows.claim(tx, { tenantId, keyfileId, csrSpki: Buffer.from([index]), from: `192.0.2.${index}` }),
        ),
      );
      const won = (await Promise.all(tries)).filter(Boolean).length;
      if (won !== 1) violations += 1;
    }
    const seconds = (performance.now() - began) / 1_000;
    const figure = `keyfiles with none or several winners, ${ROUNDS} rounds of ${CONTENDERS}`;
    report({ figure, value: violations, unit: 'keyfiles', bar: 'value <= 0' });
    report({ figure: 'contended claims per second', value: (ROUNDS * CONTENDERS) / seconds, unit: '1/s' });
  } finally {
    for (const database of contenders) await database.close();
    await cloud.stop();
  }
}

/**
 * @param {BenchCloud} cloud
 * @param {string} tenantId
 */
async function insertTokens(cloud, tenantId) {
  const [site] = await cloud.query(
    `INSERT INTO site (id, tenant_id, name, label) VALUES ($1, $2, 'Bench', 'bench') RETURNING id`,
    [randomUUID(), tenantId],
  );
  /** @type {string[]} */
  const ids = [];
  while (ids.length < ROUNDS) {
    const rows = Array.from({ length: ROWS_AT_ONCE }, () => ({
      token: randomUUID(),
      agent: randomUUID(),
      noise: randomBytes(32).toString('hex'),
    }));
    const values = [tenantId, JSON.stringify(rows), site?.id];
    const read = 'WITH r AS (SELECT * FROM jsonb_to_recordset($2::jsonb) AS r(token uuid, agent uuid, noise text))';
    await cloud.query(
      `${read} INSERT INTO agent (id, tenant_id, site_id) SELECT agent, $1::uuid, $3::uuid FROM r`,
      values,
    );
    await cloud.query(
      `${read} INSERT INTO enrol_token (id, tenant_id, site_id, agent_id, token_hash, claim_spki_sha256, claim_spki,
         claim_serial, issued_by, expires_at)
       SELECT token, $1::uuid, $3::uuid, agent, decode(noise, 'hex'), decode(noise, 'hex'), '', token::text, 'bench',
         now() + interval '1 hour' FROM r`,
      values,
    );
    ids.push(...rows.map(({ token }) => token));
  }
  return ids;
}
