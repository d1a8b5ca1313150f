import { printable } from '@app/terminal';
import { siteEvent, type SiteEvent } from '../api/shapes.js';
import { findSite } from './site-reference.js';
import type { ApiClient, Query } from '../api/client.js';
import { followEvents } from '../events/follow-events.js';
import type { Field } from '../output/output.js';
import { localTime } from '../output/time.js';
import { type Call, command, type OptionSpec } from '../program/command.js';
import { durationSeconds, wholeNumber } from '../program/input.js';

const DEFAULT_ROWS = 50;
const PERIODS = ['online', 'grace', 'offline', 'unknown'] as const;

const FIELDS: readonly Field<SiteEvent>[] = [
  { title: 'ARRIVED', whole: true, of: ({ arrivedAt }) => localTime(new Date(arrivedAt)) },
  { title: 'AT THE SITE', whole: true, of: ({ siteTime }) => (siteTime ? localTime(new Date(siteTime)) : '-') },
  { title: 'SITE', whole: true, of: ({ siteLabel }) => siteLabel },
  { title: 'TYPE', of: ({ type }) => type },
  { title: 'SOURCE', of: ({ sourceId }) => sourceId ?? '-' },
  { title: 'PERIOD', of: ({ occurrencePeriod }) => occurrencePeriod },
  { title: 'DETAILS', of: ({ details }) => detailsText(details) },
];

const detailsText = (details: Record<string, unknown>): string =>
  Object.entries(details)
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ') || '-';

interface Flags {
  site?: string;
  type?: string;
  period?: string;
}

const FILTERS: readonly OptionSpec[] = [
  { flags: '--site <site>', summary: 'of one site', complete: 'site' },
  { flags: '--type <type>', summary: "such as camera.motion, or 'camera.*'", complete: 'none' },
  { flags: '--period <period>', summary: 'whether the site was connected then', complete: PERIODS },
];

const filterOf = async (client: ApiClient, { site, type, period }: Flags): Promise<Query> => ({
  siteId: site === undefined ? undefined : (await findSite(client, site)).id,
  type,
  occurrencePeriod: period,
});

const list = command<Flags & { last?: number; limit?: number }>({
  path: 'event list',
  summary: 'what happened at the sites, newest first',
  options: [
    ...FILTERS,
    { flags: '--last <time>', summary: 'such as 24h', parse: durationSeconds('--last'), complete: 'none' },
    {
      flags: '--limit <n>',
      summary: `rows; ${DEFAULT_ROWS} when absent`,
      parse: wholeNumber('--limit'),
      complete: 'none',
    },
  ],
  examples: ['adit event list --site hamburg-sued --last 24h', "adit event list --type 'alarm.*' --json"],
  run: async ({ flags, api, out }) => {
    const client = await api();
    const { last, limit } = flags;
    const from = last === undefined ? undefined : new Date(Date.now() - last * 1_000).toISOString();
    const query = { ...(await filterOf(client, flags)), from };
    const events = client.list(siteEvent, '/events', query, limit ?? DEFAULT_ROWS);
    await out.list(events, FIELDS, { id: ({ id }) => id, nothing: 'Nothing of that kind happened.' });
  },
});

const tell = ({ out, terminal }: Pick<Call, 'out' | 'terminal'>, event: SiteEvent): void => {
  if (out.isJson) return out.json(event);
  const { arrivedAt, siteLabel, type, sourceId, occurrencePeriod, details } = event;
  const period = occurrencePeriod === 'online' ? '' : `  (${occurrencePeriod})`;
  const text = [siteLabel, type, sourceId ?? '-', detailsText(details)].join('  ');
  terminal.print(`${localTime(new Date(arrivedAt))}  ${printable(text + period)}`);
};

const tail = command<Flags>({
  path: 'event tail',
  summary: 'what happens at the sites, as it arrives, until Ctrl-C',
  options: FILTERS,
  examples: [
    'adit event tail',
    'adit event tail --type \'alarm.*\' --json | while read -r event; do page "$event"; done',
  ],
  handlesInterrupt: true,
  run: async (call) => {
    const { flags, signal, out, api } = call;
    const client = await api();
    const query = await filterOf(client, flags);
    out.note('Waiting for events; Ctrl-C ends it.');
    for await (const event of followEvents(client, query, signal, (text) => out.note(text))) tell(call, event);
  },
});

export const EVENT_COMMANDS = [list, tail];
