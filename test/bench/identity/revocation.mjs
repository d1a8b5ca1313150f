import { randomUUID, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { setTimeout as delay } from 'node:timers/promises';
import { signInFirst } from '../../../tools/demo/rest.mjs';
import { built } from '../built.mjs';
import { BenchCloud } from '../cloud.mjs';
import { makeIdentities } from '../identities.mjs';
import { quantile } from '../quantile.mjs';
import { residentBytes } from '../usage.mjs';

const ONE_BY_ONE = 100;
const UNANNOUNCED = 20;
const AT_ONCE = 1_000;
const LISTED = 100_000;
const CONNECTING = 32;
const SETTLE_MS = 6_000;
/** Between two polls of the broker, at any moment of it. */
const POLL_MS = 2_000;

/** @typedef {{ agentId: string, closed: Promise<number> }} Live `closed`: when, in ms of `performance.now()` */

/**
 * From the operator's request to the end of the live tunnel.
 * @param {import('../../../tools/bench.mjs').Bench} bench
 */
export default async function revocation({ report, progress }) {
  const cloud = await BenchCloud.start();
  try {
    const count = ONE_BY_ONE + UNANNOUNCED + AT_ONCE;
    progress(`${count} tunnels …`);
    const live = await openAll(cloud, await makeIdentities(cloud, count));
    const single = await oneByOne(cloud, live.splice(0, ONE_BY_ONE));
    const name = `revocation to the end of the tunnel, n = ${ONE_BY_ONE}`;
    report({ figure: `${name}, p50`, value: quantile(single, 0.5), unit: 'ms' });
    report({ figure: `${name}, p99`, value: quantile(single, 0.99), unit: 'ms', bar: 'value <= 250' });
    let unannounced = 0;
    for (const one of live.splice(0, UNANNOUNCED)) {
      await delay(Math.random() * POLL_MS);
      unannounced = Math.max(unannounced, await insertRevocations(cloud, [one], false));
    }
    const lost = 'revocation to the end of the tunnel, notification lost, slowest';
    report({ figure: lost, value: unannounced, unit: 'ms', bar: 'value <= 3000' });
    const all = await insertRevocations(cloud, live, true);
    report({ figure: `revocation of ${AT_ONCE} tunnels, slowest`, value: all, unit: 'ms', bar: 'value <= 2000' });
    await listed(cloud, report);
  } finally {
    await cloud.stop();
  }
}

/**
 * @param {BenchCloud} cloud
 * @param {import('../identities.mjs').Credentials[]} identities
 */
async function openAll(cloud, identities) {
  const { agentTlsOptions, identityOf, TUNNEL_ALPN } = await built('pki');
  const { Session } = await built('multiplex');
  const left = [...identities];
  /** @type {Live[]} */
  const live = [];
  const lane = async () => {
    for (let identity = left.pop(); identity; identity = left.pop()) {
      const options = agentTlsOptions({ ...identity, serverName: '127.0.0.1', alpn: TUNNEL_ALPN });
      const transport = connect({ ...options, host: '127.0.0.1', port: cloud.ports.tunnel });
      await once(transport, 'secureConnect');
      const hello = {
        instanceId: randomUUID(),
        agentVersion: '0.0.0-bench',
        platform: 'bench',
        wallClockMs: Date.now(),
      };
      const session = new Session({ role: 'agent', transport, hello });
      await session.start();
      /** @type {Promise<number>} */
      const closed = new Promise((resolve) => session.once('close', () => resolve(performance.now())));
      live.push({ agentId: identityOf(new X509Certificate(identity.chain)).agentId, closed });
    }
  };
  await Promise.all(Array.from({ length: CONNECTING }, lane));
  return live;
}

/**
 * Through REST.
 * @param {BenchCloud} cloud
 * @param {Live[]} live
 */
async function oneByOne(cloud, live) {
  const firstPasswordFile = join(cloud.dataDir, 'first-password');
  const rest = await signInFirst({ api: `http://127.0.0.1:${cloud.ports.http}`, firstPasswordFile });
  const keyfiles = await cloud.query('SELECT id, agent_id FROM enrol_token WHERE agent_id = ANY($1)', [
    live.map(({ agentId }) => agentId),
  ]);
  const times = [];
  for (const { agentId, closed } of live) {
    const keyfile = keyfiles.find(({ agent_id: owner }) => owner === agentId);
    const began = performance.now();
    await rest.call('POST', `/keyfiles/${keyfile?.id}/revoke`, {});
    times.push((await closed) - began);
  }
  return times.toSorted((a, b) => a - b);
}

/**
 * As the issuer writes them, in one transaction; with or without its notification.
 * @param {BenchCloud} cloud
 * @param {Live[]} live
 * @param {boolean} announced
 * @returns {Promise<number>} ms from the commit to the end of the last tunnel
 */
async function insertRevocations(cloud, live, announced) {
  const began = performance.now();
  await cloud.query(
    `WITH gone AS (UPDATE certificate SET state = 'revoked', revoked_at = now() WHERE agent_id = ANY($1) RETURNING tenant_id, agent_id, serial),
       fed AS (INSERT INTO revocation (tenant_id, agent_id, serial, reason) SELECT tenant_id, agent_id, serial, 'bench' FROM gone RETURNING seq)
     SELECT max(seq)${announced ? ", pg_notify('revocation', max(seq)::text)" : ''} FROM fed`,
    [live.map(({ agentId }) => agentId)],
  );
  const ends = await Promise.all(live.map(({ closed }) => closed));
  return Math.max(...ends) - began;
}

/**
 * Brokers keep no list: the admission asks the database. So a long list costs them nothing, and a look-up one index read.
 * Two fresh processes are compared, before and after: what a process has read in passing is garbage of some size.
 * @param {BenchCloud} cloud
 * @param {import('../../../tools/bench.mjs').Bench['report']} report
 */
async function listed(cloud, report) {
  const before = await freshBroker(cloud);
  await cloud.query(
    `INSERT INTO revocation (tenant_id, agent_id, serial, reason)
     SELECT tenant_id, id, md5(n::text), 'bench' FROM (SELECT * FROM agent LIMIT 1) one, generate_series(1, $1::int) n`,
    [LISTED],
  );
  const mebibytes = ((await freshBroker(cloud)) - before) / 2 ** 20;
  const figure = `memory of a broker for a list of ${LISTED} revocations`;
  report({ figure, value: mebibytes, unit: 'MiB', bar: 'value <= 10' });
}

/**
 * @param {BenchCloud} cloud
 * @returns {Promise<number>} bytes of a broker that has just started
 */
async function freshBroker(cloud) {
  const old = cloud.brokerPid;
  cloud.killBroker();
  while (cloud.brokerPid === old || cloud.brokerPid === 0) await delay(100);
  await delay(SETTLE_MS);
  return residentBytes(cloud.brokerPid);
}
