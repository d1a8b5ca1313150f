import { Database, TunnelSessionRepository } from '@app/persistence';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Rest } from '../../tools/demo/rest.mjs';
import { Platform } from '../harness/platform.js';
import { type RowSite, SessionRows } from '../harness/session-rows.js';

interface Availability {
  availability: number | null;
  upSeconds: number;
  downSeconds: number;
  outages: number;
  longestOutageSeconds: number;
}

const HOUR = 3_600;
const DAY = 24 * HOUR;

let platform: Platform;
let rest: Rest;
let rows: SessionRows;

beforeAll(async () => {
  platform = await Platform.start({ apps: ['admin-api'] });
  rest = await platform.signIn();
  rows = await SessionRows.open((text, values) => platform.query(text, values));
  await rows.live();
}, 60_000);

afterAll(() => platform?.stop());

const ago = (seconds: number): string => encodeURIComponent(new Date(Date.now() - seconds * 1_000).toISOString());
const availability = async ({ siteId }: RowSite, query = ''): Promise<Availability> =>
  (await rest.call('GET', `/sites/${siteId}/tunnel/availability${query}`)) as Availability;

describe('the history of a site', () => {
  it('has each session with its reason and how long it lasted, and is asked by time', async () => {
    const site = await rows.site('history');
    await rows.session(site, 10 * HOUR, 8 * HOUR, 'peer-silent');
    await rows.session(site, 7 * HOUR, 6 * HOUR, 'operator');
    await rows.session(site, 5 * HOUR);
    const history = (query = ''): Promise<{ closeReason: string | null; durationSeconds: number }[]> =>
      rest.list(`/sites/${site.siteId}/tunnel/history${query}`);
    const all = await history();
    expect(all.map(({ closeReason }) => closeReason)).toEqual([null, 'operator', 'peer-silent']);
    expect(all.map(({ durationSeconds }) => Math.round(durationSeconds / HOUR))).toEqual([5, 1, 2]);
    expect(await history(`?from=${ago(6.5 * HOUR)}&to=${ago(5.5 * HOUR)}`)).toEqual([all[1]]);
    expect((await history(`?from=${ago(7.5 * HOUR)}`)).map(({ closeReason }) => closeReason)).toEqual([
      null,
      'operator',
    ]);
    expect((await history('?limit=1')).length).toBe(3);
  });
});

describe('the availability of a site', () => {
  it('is the part of the last day with a tunnel, overlaps counted once', async () => {
    const site = await rows.site('available');
    await rows.session(site, 30 * HOUR, 18 * HOUR);
    await rows.session(site, 20 * HOUR, 12 * HOUR);
    await rows.session(site, 6 * HOUR, 3 * HOUR);
    await rows.session(site, 4 * HOUR);
    await rows.live();
    const figure = await availability(site);
    expect(figure.availability).toBeCloseTo(18 / 24, 3);
    expect(figure).toMatchObject({ outages: 1 });
    expect(Math.round(figure.longestOutageSeconds)).toBe(6 * HOUR);
    expect(figure.upSeconds + figure.downSeconds).toBeCloseTo(DAY, 0);
    expect((await availability(site, `?from=${ago(30 * DAY)}`)).availability).toBeCloseTo(24 / (30 * 24), 3);
    expect((await availability(site, `?from=${ago(20 * HOUR)}&to=${ago(10 * HOUR)}`)).availability).toBeCloseTo(0.8, 2);
  });

  it('is none without a session, and begins when the site was made', async () => {
    expect(await availability(await rows.site('never'))).toMatchObject({ availability: 0, outages: 1, upSeconds: 0 });
    const young = await rows.site('young', 0);
    await rows.session(young, 0);
    await rows.live();
    const figure = await availability(young, `?from=${ago(30 * DAY)}`);
    expect(figure.downSeconds).toBeLessThan(5);
  });

  it('ends with the last sign of life when the broker is gone', async () => {
    const lost = await SessionRows.open((text, values) => platform.query(text, values));
    const site = await lost.site('lost');
    await lost.session(site, 2 * DAY);
    await platform.query(`UPDATE broker SET heartbeat_at = now() - interval '6 hours' WHERE id = $1`, [lost.brokerId]);
    expect((await availability(site)).availability).toBeCloseTo(18 / 24, 3);
  });

  it.each([
    ['that ends before it begins', `?from=${ago(HOUR)}&to=${ago(2 * HOUR)}`],
    ['that is too long', `?from=${ago(500 * DAY)}`],
    ['of another form', '?from=yesterday'],
  ])('refuses a range %s', async (_name, query) => {
    const site = await rows.site(`range-${query.length}`);
    await expect(availability(site, query)).rejects.toThrow('400 invalid-request');
  });
});

describe('the history beyond its time', () => {
  it('is pruned, but for the newest session of a site, and closed brokers with it', async () => {
    const [busy, silent] = [await rows.site('busy', 900), await rows.site('silent', 900)];
    await rows.session(busy, 500 * DAY, 499 * DAY);
    await rows.session(busy, 401 * DAY, 399 * DAY);
    await rows.session(busy, HOUR);
    await rows.session(silent, 600 * DAY, 599 * DAY);
    await rows.session(silent, 500 * DAY, 499 * DAY);
    const old = await SessionRows.open((text, values) => platform.query(text, values));
    await platform.query(`UPDATE broker SET heartbeat_at = now() - interval '8 days' WHERE id = $1`, [old.brokerId]);
    const logins = JSON.parse(readFileSync(join(platform.dataDir, 'logins.json'), 'utf8')) as Record<string, string>;
    const database = await Database.open({ url: logins['tunnel-broker'] ?? '', applicationName: 'test' });
    try {
      expect(await database.inSystem((tx) => new TunnelSessionRepository().prune(tx, 400, 100))).toBe(2);
      expect(await database.inSystem((tx) => new TunnelSessionRepository().prune(tx, 400, 100))).toBe(0);
    } finally {
      await database.close();
    }
    const kept = await platform.query<{ label: string; sessions: number }>(
      `SELECT label, count(*)::int AS sessions FROM tunnel_session t JOIN site s ON s.id = t.site_id
        WHERE label IN ('busy', 'silent') GROUP BY 1 ORDER BY 1`,
    );
    expect(kept).toEqual([
      { label: 'busy', sessions: 2 },
      { label: 'silent', sessions: 1 },
    ]);
    expect(await platform.query('SELECT FROM broker WHERE id = $1', [old.brokerId])).toEqual([]);
  });
});
