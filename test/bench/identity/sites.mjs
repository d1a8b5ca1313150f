import { join } from 'node:path';
import { signInFirst } from '../../../tools/demo/rest.mjs';
import { built } from '../built.mjs';
import { BenchCloud } from '../cloud.mjs';

const SITES = 10_000;
/** Sessions that each site has had: the history that lists must not read. */
const SESSIONS = 20;
const CALLS = 60;
const BAR = 'value <= 100';

/** The list of sites as operators call it; each call by itself, one after the other. */
const CALLS_OF = /** @type {const} */ ({
  'first page': '',
  'first page of 200': 'limit=200',
  'by name': 'sort=name',
  'by the last change of the tunnel': 'sort=-tunnelSince',
  'by two keys': 'sort=-tunnelSince,name',
  'tunnels that are up': 'tunnelState=up&sort=name',
  'tunnels that are down': 'tunnelState=down',
  'never connected': 'tunnelState=never',
  'text in name or label': 'q=4711',
  'text that nothing has': 'q=xyzzy',
  'one tag': 'tagSelector=region%3Dnorth',
  'three conditions on tags': 'tagSelector=region%3Dnorth,tier!%3D3,critical',
  'all filters at once, by name': 'q=1&tunnelState=down&tagSelector=region%3Dsouth&sort=name',
});

/**
 * 10,000 sites through REST: listed, filtered, sorted, every page of it, one of them read and changed.
 * @param {import('../../../tools/bench.mjs').Bench} bench
 */
export default async function sites({ report, progress }) {
  const cloud = await BenchCloud.start();
  try {
    progress(`writing ${SITES} sites with ${SESSIONS} sessions each …`);
    await insertSites(cloud);
    const rest = await signInFirst({
      api: `http://127.0.0.1:${cloud.ports.http}`,
      firstPasswordFile: join(cloud.dataDir, 'first-password'),
    });
    for (const [name, query] of Object.entries(CALLS_OF)) {
      const times = await timed(CALLS, () => rest.call('GET', `/sites?${query}`));
      report({ figure: `${SITES} sites: ${name}, p95`, value: p95(times), unit: 'ms', bar: BAR });
    }
    const pages = await pageTimes(rest, 'sort=name&limit=200');
    report({ figure: `${SITES} sites: each page of all by name, p95`, value: p95(pages), unit: 'ms', bar: BAR });
    const [{ id }] = await cloud.query('SELECT id FROM site ORDER BY random() LIMIT 1');
    const reads = await timed(CALLS, () => rest.call('GET', `/sites/${id}`));
    report({ figure: `${SITES} sites: one, p95`, value: p95(reads), unit: 'ms', bar: BAR });
    let n = 0;
    const changes = await timed(CALLS, () => rest.call('PATCH', `/sites/${id}`, { notes: `change ${++n}` }));
    report({ figure: `${SITES} sites: change of one, p95`, value: p95(changes), unit: 'ms', bar: BAR });
  } finally {
    await cloud.stop();
  }
}

/**
 * One of twenty has never connected, one of ten of the others is down.
 * @param {BenchCloud} cloud
 */
async function insertSites(cloud) {
  const { DEFAULT_TENANT_ID: tenant } = await built('persistence');
  await cloud.query(
    `INSERT INTO site (tenant_id, name, label, tags, created_at)
     SELECT $1::uuid, 'Site ' || md5(n::text), 'site-' || n,
            jsonb_build_object('region', (ARRAY['north', 'south', 'east', 'west'])[n % 4 + 1], 'tier', (n % 10)::text)
              || CASE WHEN n % 3 = 0 THEN '{"critical": ""}' ELSE '{}' END::jsonb,
            now() - make_interval(mins => n)
       FROM generate_series(1, ${SITES}) n`,
    [tenant],
  );
  await cloud.query(
    `INSERT INTO agent (id, tenant_id, site_id, state, activated_at)
     SELECT gen_random_uuid(), tenant_id, id, 'active', now() FROM site WHERE substr(label, 6)::int % 20 <> 0`,
  );
  await cloud.query(
    `INSERT INTO tunnel_session (id, tenant_id, site_id, agent_id, broker_id, instance_id, certificate_serial,
            remote_address, agent_version, platform, opened_at, closed_at, close_reason)
     SELECT gen_random_uuid(), a.tenant_id, a.site_id, a.id, b.id, 'bench', '01', '192.0.2.7:1', '0.1.0', 'linux',
            now() - make_interval(hours => n), CASE WHEN open THEN NULL ELSE now() - make_interval(mins => n * 60 - 30) END,
            CASE WHEN open THEN NULL ELSE 'peer-lost' END
       FROM agent a CROSS JOIN (SELECT id FROM broker LIMIT 1) b CROSS JOIN generate_series(1, ${SESSIONS}) n
      CROSS JOIN LATERAL (SELECT n = 1 AND abs(hashtext(a.id::text)) % 10 <> 0 AS open) o
      ORDER BY n DESC`,
  );
  await cloud.query('ANALYZE');
}

/**
 * @param {import('../../../tools/demo/rest.mjs').Rest} rest
 * @param {string} query
 */
async function pageTimes(rest, query) {
  /** @type {number[]} */
  const times = [];
  let cursor = '';
  let seen = 0;
  do {
    const startedAt = performance.now();
    const path = `/sites?${query}${cursor && `&cursor=${encodeURIComponent(cursor)}`}`;
    const page = /** @type {{ items: unknown[], nextCursor: string | null }} */ (await rest.call('GET', path));
    times.push(performance.now() - startedAt);
    seen += page.items.length;
    cursor = page.nextCursor ?? '';
  } while (cursor);
  if (seen !== SITES) throw new Error(`the pages have ${seen} of ${SITES} sites`);
  return times;
}

/**
 * @param {number} count
 * @param {() => Promise<unknown>} call
 * @returns {Promise<number[]>} ms
 */
async function timed(count, call) {
  /** @type {number[]} */
  const times = [];
  for (let n = 0; n < count; n++) {
    const startedAt = performance.now();
    await call();
    times.push(performance.now() - startedAt);
  }
  return times;
}

/** @param {number[]} times */
function p95(times) {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.95)] ?? Number.NaN;
}
