import { join } from 'node:path';
import { signInFirst } from '../../../tools/demo/rest.mjs';
import { built } from '../built.mjs';
import { BenchCloud } from '../cloud.mjs';
import { quantile } from '../quantile.mjs';

const SITES = 500;
const PER_SITE = 150;
/** Of one site alone: the most that an agent keeps. */
const LARGE = 10_000;
const CALLS = 40;
const BAR = 'value <= 100';
const OF_ALL = `${SITES * PER_SITE} entities`;

/** @type {(a: number, b: number) => number} */
const byValue = (a, b) => a - b;

/** Each call by itself, one after the other. */
const LISTS = {
  'first page': '',
  'page of 200': 'limit=200',
  'last changed first': 'sort=-updatedAt',
  'cameras by name': 'kind=camera&sort=-name',
  'a kind that no entity has': 'kind=alarm',
  'offline doors': 'kind=door&state=offline',
  'state unknown': 'state=unknown',
};
const SEARCHES = {
  'text of one': 'q=cam-4711-7',
  'text of many': 'q=cam',
  'two letters': 'q=7z',
  'text of none': 'q=xyzzy',
  'text, kind and state': 'q=12&kind=camera&state=offline',
};

/**
 * 75,000 entities through REST: listed, searched, as trees, states in bulk; and the largest snapshot of a site written.
 * @param {import('../../../tools/bench.mjs').Bench} bench
 */
export default async function entities({ report, progress }) {
  const cloud = await BenchCloud.start();
  try {
    progress(`writing ${SITES} sites with ${PER_SITE} entities each …`);
    await insertEntities(cloud);
    const rest = await signInFirst({
      api: `http://127.0.0.1:${cloud.ports.http}`,
      firstPasswordFile: join(cloud.dataDir, 'first-password'),
    });
    /** @type {(name: string, call: () => Promise<unknown>) => Promise<void>} */
    const measure = async (name, call) => {
      const value = quantile((await timed(CALLS, call)).toSorted(byValue), 0.95);
      report({ figure: `${name}, p95`, value, unit: 'ms', bar: BAR });
    };
    for (const [name, query] of Object.entries(LISTS)) {
      await measure(`${OF_ALL}: ${name}`, () => rest.call('GET', `/entities?${query}`));
    }
    for (const [name, query] of Object.entries(SEARCHES)) {
      await measure(`${OF_ALL}: search, ${name}`, () => rest.call('GET', `/entities?${query}`));
    }
    const [area] = await cloud.query(
      "SELECT id, site_id FROM entity WHERE kind = 'area' AND parent_remote_id IS NULL LIMIT 1",
    );
    const ids = (await cloud.query('SELECT id FROM entity ORDER BY random() LIMIT 1000')).map(({ id }) => id);
    await measure(`${OF_ALL}: all in an area`, () => rest.call('GET', `/entities?areaId=${area?.id}`));
    await measure(`${OF_ALL}: tree of a site`, () =>
      rest.call('GET', `/sites/${area?.site_id}/tree?depth=9&limit=200`),
    );
    await measure(`${OF_ALL}: one`, () => rest.call('GET', `/entities/${ids[0]}`));
    let n = 0;
    await measure(`${OF_ALL}: note of one`, () => rest.call('PATCH', `/entities/${ids[0]}`, { note: `note ${++n}` }));
    await measure(`${OF_ALL}: states of 1,000`, () => rest.call('POST', '/entities/states', { ids }));
    await writes(cloud, { report, progress }, rest);
  } finally {
    await cloud.stop();
  }
}

/**
 * What federation does with a snapshot and with changes, in its own statements.
 * @param {BenchCloud} cloud
 * @param {Pick<import('../../../tools/bench.mjs').Bench, 'report' | 'progress'>} bench
 * @param {import('../../../tools/demo/rest.mjs').Rest} rest
 */
async function writes(cloud, { report, progress }, rest) {
  const { Database, EntityRepository, DEFAULT_TENANT_ID: tenantId } = await built('persistence');
  const database = await Database.open({ url: cloud.ownerUrl, applicationName: 'bench' });
  try {
    const repository = new EntityRepository();
    const owner = await ownerOf(cloud, tenantId);
    for (const count of [PER_SITE, LARGE]) {
      progress(`a snapshot of ${count} …`);
      for (const [what, state] of /** @type {const} */ ([
        ['new', 'online'],
        ['unchanged', 'online'],
        ['all changed', 'offline'],
      ])) {
        const records = Array.from({ length: count }, (_, n) => recordOf(n, state));
        const [ms] = await timed(1, () =>
          database.inTenant(tenantId, async (/** @type {unknown} */ tx) => {
            const remoteIds = records.map(({ remoteId }) => remoteId);
            await repository.keepOnly(tx, owner, remoteIds);
            await repository.upsert(tx, owner, records);
          }),
        );
        report({ figure: `snapshot of ${count}, ${what}`, value: ms ?? Number.NaN, unit: 'ms', bar: 'value <= 5000' });
      }
    }
    const tree = await timed(10, () => rest.call('GET', `/sites/${owner.siteId}/tree?depth=9&limit=200`));
    report({
      figure: `tree of a site of ${LARGE}, p95`,
      value: quantile(tree.toSorted(byValue), 0.95),
      unit: 'ms',
      bar: 'value <= 500',
    });
  } finally {
    await database.close();
  }
}

/**
 * @param {BenchCloud} cloud
 * @param {string} tenantId
 */
async function ownerOf(cloud, tenantId) {
  const [site] = await cloud.query(
    "INSERT INTO site (tenant_id, name, label) VALUES ($1, 'Large', 'large') RETURNING id",
    [tenantId],
  );
  const [role] = await cloud.query(
    "INSERT INTO federation_role (tenant_id, site_id, name, state) VALUES ($1, $2, 'Large', 'connected') RETURNING id",
    [tenantId, site?.id],
  );
  return { tenantId, siteId: site?.id ?? '', roleId: role?.id ?? '' };
}

/**
 * @param {number} n
 * @param {string} state
 */
const recordOf = (n, state) => ({
  id: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
  remoteId: `large-${n}`,
  kind: 'camera',
  name: `Camera ${n} of the large site`,
  parentRemoteId: n < 100 ? null : `large-${n % 100}`,
  path: `large-${n}`,
  fallbackPath: `large-${n}-x`,
  state,
  stateReason: null,
  details: {
    ptz: false,
    audio: true,
    streams: [{ usages: ['live'], codec: 'H264', width: 1920, height: 1080, frameRate: 25 }],
  },
});

/** @param {BenchCloud} cloud one of twenty roles has no contact, one of fifty entities is offline */
async function insertEntities(cloud) {
  const { DEFAULT_TENANT_ID: tenant } = await built('persistence');
  await cloud.query(
    `WITH made AS (INSERT INTO site (tenant_id, name, label) SELECT $1::uuid, 'Site ' || n, 'site-' || n FROM generate_series(1, ${SITES}) n RETURNING id, label)
     INSERT INTO federation_role (tenant_id, site_id, name, enabled, state)
     SELECT $1, id, label, true, CASE WHEN substr(label, 6)::int % 20 = 0 THEN 'connection-failed' ELSE 'connected' END FROM made`,
    [tenant],
  );
  await cloud.query(
    `INSERT INTO entity (id, tenant_id, site_id, role_id, remote_id, kind, name, parent_remote_id, path, state, details, updated_at)
     SELECT gen_random_uuid(), r.tenant_id, r.site_id, r.id, kind || '-' || n || '-' || substr(md5(r.id::text || n), 1, 6), kind,
            CASE kind WHEN 'camera' THEN 'Cam-' || row_number() OVER () || '-' || n ELSE initcap(kind) || ' ' || substr(md5(n || r.name), 1, 8) END,
            CASE WHEN n <= 2 THEN NULL WHEN n <= 8 THEN 'area-' || (n % 2 + 1) || '-' || substr(md5(r.id::text || (n % 2 + 1)), 1, 6)
                 ELSE 'area-' || (n % 6 + 3) || '-' || substr(md5(r.id::text || (n % 6 + 3)), 1, 6) END,
            kind || '-' || n, CASE WHEN n % 50 = 0 THEN 'offline' ELSE 'online' END,
            CASE kind WHEN 'camera' THEN '{"ptz": true, "audio": false, "streams": [{"usages": ["live", "recording"], "codec": "H264",
              "width": 1920, "height": 1080, "frameRate": 25}, {"usages": ["low-res"], "codec": "H264", "width": 640, "height": 360, "frameRate": 15}]}'
              ELSE '{"properties": {"vendor": "acme"}}' END::jsonb, now() - make_interval(secs => random() * 86400)
       FROM federation_role r CROSS JOIN generate_series(1, ${PER_SITE}) n
      CROSS JOIN LATERAL (SELECT CASE WHEN n <= 8 THEN 'area' WHEN n <= 110 THEN 'camera' WHEN n <= 125 THEN 'door' ELSE 'input' END AS kind) k`,
  );
  await cloud.query('VACUUM ANALYZE');
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
