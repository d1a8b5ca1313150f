import { alarm as alarmShape, type Alarm, site as siteShape } from '../api/shapes.js';
import type { Field } from '../output/output.js';
import { localTime } from '../output/time.js';
import { command } from '../program/command.js';
import { wholeNumber } from '../program/input.js';
import { findSite } from './site-reference.js';

const DEFAULT_ROWS = 50;
const STATES = ['active', 'acknowledged'] as const;

/** @param labels of the sites, by their ids */
const fields = (labels: ReadonlyMap<string, string>): readonly Field<Alarm>[] => [
  { title: 'ALARM', whole: true, of: ({ id }) => id },
  { title: 'RAISED', whole: true, of: ({ raisedAt }) => localTime(new Date(raisedAt)) },
  { title: 'SITE', whole: true, of: ({ siteId }) => labels.get(siteId) ?? siteId },
  { title: 'SOURCE', of: ({ sourceId }) => sourceId || '-' },
  { title: 'STATE', whole: true, of: ({ state }) => state },
  { title: 'BY', of: ({ acknowledgedBy }) => acknowledgedBy ?? '-' },
  { title: 'SITE TOLD', of: ({ delivery, deliveryReason }) => [delivery, deliveryReason].filter(Boolean).join(': ') },
];

const list = command<{ site?: string; state?: string; limit?: number }>({
  path: 'alarm list',
  summary: 'alarms of the sites, newest first',
  options: [
    { flags: '--site <site>', summary: 'of one site', complete: 'site' },
    { flags: '--state <state>', summary: 'active or acknowledged', complete: STATES },
    {
      flags: '--limit <n>',
      summary: `rows; ${DEFAULT_ROWS} when absent`,
      parse: wholeNumber('--limit'),
      complete: 'none',
    },
  ],
  examples: ['adit alarm list --state active', 'adit alarm list --site hamburg-sued --json'],
  run: async ({ flags: { site, state, limit }, api, out }) => {
    const client = await api();
    const siteId = site === undefined ? undefined : (await findSite(client, site)).id;
    const alarms = client.list(alarmShape, '/alarms', { siteId, state }, limit ?? DEFAULT_ROWS);
    const sites = out.isJson ? [] : await client.all(siteShape, '/sites');
    await out.list(alarms, fields(new Map(sites.map(({ id, label }) => [id, label]))), {
      id: ({ id }) => id,
      nothing: 'There is no such alarm.',
    });
  },
});

const acknowledge = command({
  path: 'alarm acknowledge',
  summary: 'says that somebody deals with an alarm; its site is told',
  args: [{ name: '<alarm>', summary: 'its id', complete: 'none' }],
  examples: ['adit alarm acknowledge 01900000-0000-7000-8000-000000000001'],
  run: async ({ args: [id = ''], api, out }) => {
    const client = await api();
    const done = await client.post(alarmShape, `/alarms/${encodeURIComponent(id)}/acknowledge`);
    out.done(done, `The alarm was acknowledged by ${done.acknowledgedBy ?? 'somebody'}.`);
    if (done.delivery === 'pending') out.note('Its site is told as soon as it is there.');
  },
});

export const ALARM_COMMANDS = [list, acknowledge];
