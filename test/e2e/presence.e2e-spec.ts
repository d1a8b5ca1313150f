import type { Rest } from '../../tools/demo/rest.mjs';
import { waitUntil } from '../harness/condition.js';
import { Platform } from '../harness/platform.js';
import { type RowSite, SessionRows } from '../harness/session-rows.js';
import { sideBySide } from '../harness/side-by-side.js';
import { WebhookReceiver } from '../harness/webhook-receiver.js';

const GRACE = 2;
const SITES = 50;

let platform: Platform;
let rest: Rest;
let receiver: WebhookReceiver;
let rows: SessionRows;
const query = <Row extends object>(text: string, values?: unknown[]): Promise<Row[]> => platform.query(text, values);

beforeAll(async () => {
  receiver = await WebhookReceiver.plain();
  platform = await Platform.start({
    apps: ['admin-api'],
    extra: {
      'admin-api': {
        ADIT_WEBHOOK_ALLOW_CIDRS: '127.0.0.1/32',
        ADIT_OFFLINE_GRACE_SECONDS: String(GRACE),
        ADIT_OUTAGE_WINDOW_SECONDS: '1',
      },
    },
  });
  rest = await platform.signIn();
  rows = await SessionRows.open(query);
  await rest.call('POST', '/webhooks', { url: receiver.url, events: ['site.offline', 'site.online'] });
}, 60_000);

afterAll(async () => {
  await platform?.stop();
  await receiver?.[Symbol.asyncDispose]();
}, 30_000);

const told = (type: string, label: string): number =>
  receiver.of(type).filter(({ event }) => event.data['label'] === label).length;
const eventOf = (type: string, label: string): Record<string, unknown> | undefined =>
  receiver.of(type).findLast(({ event }) => event.data['label'] === label)?.event.data;
const untilTold = (type: string, label: string, times = 1): Promise<void> =>
  waitUntil(`${type} of ${label} was told`, () => told(type, label) >= times);
/** The time that passes is what is tested: within the grace nothing may be told. */
const pause = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1_000));

const online = async (label: string): Promise<RowSite> => {
  const site = await rows.site(label);
  await rows.up(site);
  await untilTold('site.online', label);
  return site;
};

/** Fewer than make an outage: four sites, and only two of them are told to be away. */
describe('a site', () => {
  const isTold = async (): Promise<void> => {
    const site = await online('alone');
    await rows.down(site, 'peer-silent');
    const downAt = Date.now();
    await untilTold('site.offline', 'alone');
    expect(Date.now() - downAt).toBeGreaterThan(GRACE * 1_000 - 500);
    const event = eventOf('site.offline', 'alone');
    expect(event).toMatchObject({ subject: site.siteId, label: 'alone', reason: 'peer-silent' });
    await rows.up(site);
    await untilTold('site.online', 'alone', 2);
  };

  const isBackInTime = async (): Promise<void> => {
    const site = await online('blink');
    await rows.down(site);
    await pause(GRACE / 2);
    await rows.up(site);
    await pause(GRACE * 2 + 1);
    expect([told('site.offline', 'blink'), told('site.online', 'blink')]).toEqual([0, 1]);
  };

  const flaps = async (): Promise<void> => {
    const site = await online('flap');
    for (let n = 0; n < 5; n++) {
      await rows.down(site);
      await pause(GRACE / 2);
      await rows.up(site);
      await pause(GRACE / 2);
    }
    expect([told('site.offline', 'flap'), told('site.online', 'flap')]).toEqual([0, 1]);
  };

  const holdsOut = async (): Promise<void> => {
    const site = await online('restless');
    await query(`UPDATE site_presence SET flaps = 4 WHERE site_id = $1`, [site.siteId]);
    await rows.down(site);
    await pause(GRACE * 2 + 1);
    expect(told('site.offline', 'restless')).toBe(0);
    await untilTold('site.offline', 'restless');
    expect(eventOf('site.offline', 'restless')).toMatchObject({ label: 'restless', flapping: true });
  };

  const wasNeverThere = async (): Promise<void> => {
    const site = await rows.site('unborn');
    await pause(GRACE + 1);
    expect(told('site.offline', 'unborn')).toBe(0);
    await query(`DELETE FROM agent WHERE id = $1`, [site.agentId]);
    await query(`DELETE FROM site WHERE id = $1`, [site.siteId]);
  };

  sideBySide(
    {
      'that goes down is told after the grace, with the reason, and so is its return': isTold,
      'that is back within the grace is not told of': isBackInTime,
      'that flaps faster than the grace stays as it was last told to be': flaps,
      'that has changed often of late has to hold out longer': holdsOut,
      'that was never there is not told of, and one that is deleted is forgotten': wasNeverThere,
    },
    40_000,
  );
});

describe('an outage', () => {
  /** A broker with the tunnels of many sites, which all come up in the same moment. */
  const crowd = async (): Promise<SessionRows> => {
    const broker = await SessionRows.open(query);
    await broker.die();
    const labels = Array.from({ length: SITES }, (_, n) => `mass-${broker.brokerId.slice(0, 8)}-${n}`);
    await Promise.all(labels.map(async (label) => broker.session(await broker.site(label), 60)));
    await broker.live();
    return broker;
  };
  const counts = (type: string): unknown[] => receiver.of(type).map(({ event }) => event.data['count']);

  it('of many sites is one event, and so is its end', async () => {
    const broker = await crowd();
    await waitUntil('they are there', () => counts('sites.online').length === 1);
    const singles = receiver.of('site.offline').length;
    await broker.die();
    await waitUntil('their end is told', () => counts('sites.offline').length === 1);
    expect(counts('sites.offline')).toEqual([SITES]);
    expect(receiver.of('sites.offline')[0]?.event.data['sites']).toHaveLength(SITES);
    await broker.live();
    await waitUntil('their return is told', () => counts('sites.online').length === 2);
    expect(counts('sites.online')).toEqual([SITES, SITES]);
    expect(receiver.of('site.offline').length).toBe(singles);
  }, 60_000);

  it('is told once although the app is killed over it', async () => {
    const before = counts('sites.offline').length;
    const broker = await crowd();
    await waitUntil('they are there', () => counts('sites.online').length === 3);
    await broker.die();
    for (let n = 0; n < 3; n++) {
      await platform.kill('admin-api');
      await pause(0.7);
    }
    await waitUntil('their end is told', () => counts('sites.offline').length > before, 60_000);
    await pause(GRACE + 2);
    expect(counts('sites.offline').slice(before)).toEqual([SITES]);
    const audited = await rest.list('/audit-events?action=sites.offline');
    expect(audited).toHaveLength(before + 1);
  }, 120_000);

  it('is in the figures', async () => {
    const port = platform.ports.health['admin-api'];
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    const [offline] = await query<{ sites: number }>(
      `SELECT count(*)::int AS sites FROM site_presence WHERE told = 'offline'`,
    );
    expect(offline?.sites).toBeGreaterThanOrEqual(SITES);
    expect(metrics).toMatch(new RegExp(`adit_sites\\{state="offline",app="admin-api"\\} ${offline?.sites}\n`));
    expect(metrics).toMatch(/adit_webhook_attempts_total\{outcome="delivered",app="admin-api"\} [1-9]/);
    expect(metrics).toMatch(/adit_webhook_pending\{app="admin-api"\} \d/);
  });
});
