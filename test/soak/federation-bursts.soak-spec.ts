import { setTimeout as delay } from 'node:timers/promises';
import type { SiteEntity } from '../../apps/agent/src/site/index.js';
import { entityTree } from '../../tools/simulator/entity-tree.mjs';
import { waitUntil } from '../harness/condition.js';
import { FederationDesk } from '../harness/federation-desk.js';
import { Platform } from '../harness/platform.js';
import { RegularSite } from '../harness/regular-site.js';

const SITES = 30;
const ENTITIES = 100;

interface Member {
  id: string;
  site: RegularSite;
}

/** More sites than federation serves at once, and entities that change all together. */
describe('federation of many sites at once', () => {
  let platform: Platform;
  let desk: FederationDesk;
  const members: Member[] = [];
  const tree = entityTree(ENTITIES);

  const count = async (what: string): Promise<number> => {
    const [row] = await platform.query<{ count: number }>(`SELECT count(*)::integer AS count FROM ${what}`);
    return row?.count ?? 0;
  };
  const fill = (site: RegularSite, change: Partial<SiteEntity> = {}): void => {
    for (const entity of tree) site.directory.upsert({ ...entity, ...change });
  };
  const first = (): Member => {
    const [member] = members;
    if (member === undefined) throw new Error('no site');
    return member;
  };

  beforeAll(async () => {
    platform = await Platform.start({
      apps: ['federation'],
      extra: { federation: { ADIT_DIRECT_ALLOW_CIDRS: '127.0.0.0/8' } },
    });
    desk = new FederationDesk(platform);
    for (let index = 0; index < SITES; index++) {
      const site = await RegularSite.start();
      fill(site);
      members.push({ id: await desk.createSite(`burst-${index}`), site });
    }
  }, 120_000);

  afterAll(async () => {
    for (const { site } of members) await site.stop();
    await desk?.[Symbol.asyncDispose]();
    await platform?.stop();
  }, 60_000);

  it('knows all of them', async () => {
    for (const { id, site } of members) await desk.activate(id, site);
    const all = async (): Promise<boolean> => (await count("federation_role WHERE state = 'connected'")) === SITES;
    await waitUntil('all roles are connected', all, 60_000);
    expect(await count('entity')).toBe(SITES * ENTITIES);
  }, 90_000);

  it('writes in few transactions what changes together, an entity that changes twice as it is last', async () => {
    const { id, site } = first();
    fill(site, { state: 'offline', stateReason: 'device-unreachable: the recorder is off' });
    for (const entity of tree.slice(0, 1)) site.directory.upsert({ ...entity, name: 'Renamed' });
    const offline = `entity WHERE site_id = '${id}' AND state = 'offline'`;
    await waitUntil('all but one are offline', async () => (await count(offline)) === ENTITIES - 1);
    const [row] = await platform.query<{ count: number }>(
      `SELECT count(DISTINCT xmin::text)::integer AS count FROM entity WHERE site_id = '${id}'`,
    );
    expect(row?.count).toBeLessThanOrEqual(3);
    expect(await count(`entity WHERE site_id = '${id}' AND name = 'Renamed' AND state = 'online'`)).toBe(1);
  }, 60_000);

  it('loses no change when it is killed in the middle of them', async () => {
    const { id, site } = first();
    const kill = delay(20).then(() => platform.kill('federation'));
    for (let round = 0; round < 20; round++) {
      fill(site, { name: `Round ${round}` });
      site.directory.remove(tree.at(-1)?.remoteId ?? '');
      await delay(5);
    }
    await kill;
    const last = `entity WHERE site_id = '${id}' AND name = 'Round 19'`;
    await waitUntil('the last round is there', async () => (await count(last)) === ENTITIES - 1, 40_000);
    expect(await count(`entity WHERE site_id = '${id}'`)).toBe(ENTITIES - 1);
  }, 90_000);

  it('comes back to all sites after its own restart', async () => {
    await platform.kill('federation');
    const since = new Date().toISOString();
    const all = `federation_role WHERE state = 'connected' AND last_contact_at > '${since}'`;
    await waitUntil('all roles are connected again', async () => (await count(all)) === SITES, 60_000);
    expect(await count('entity')).toBe(SITES * ENTITIES - 1);
  }, 90_000);
});
