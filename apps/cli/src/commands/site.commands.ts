import { site as siteShape, type Site } from '../api/shapes.js';
import { CliError } from '../errors.js';
import { instant, relative } from '../output/time.js';
import type { Field } from '../output/output.js';
import { type ArgumentSpec, command } from '../program/command.js';
import { confirm, wholeNumber } from '../program/input.js';
import { findSite } from './site-reference.js';
import { statePaint } from './state-paint.js';

export const SITE_ARGUMENT: ArgumentSpec = {
  name: '<site>',
  summary: 'id, label, or a name that only one has',
  complete: 'site',
};

const FIELDS: readonly Field<Site>[] = [
  { title: 'LABEL', whole: true, of: ({ label }) => label },
  { title: 'NAME', of: ({ name }) => name },
  { title: 'TUNNEL', whole: true, of: ({ tunnel }) => tunnel.state, paint: ({ tunnel }) => statePaint(tunnel.state) },
  { title: 'SINCE', whole: true, of: ({ tunnel }) => relative(tunnel.since) },
  { title: 'ID', whole: true, of: ({ id }) => id },
];

const rowsOf = (site: Site): [string, string][] => [
  ['Site', site.name],
  ['Label', site.label],
  ['Id', site.id],
  ...(site.location?.address ? ([['Location', site.location.address]] as [string, string][]) : []),
  ...(site.tags && Object.keys(site.tags).length > 0 ? ([['Tags', tagsText(site.tags)]] as [string, string][]) : []),
  ...(site.notes ? ([['Notes', site.notes]] as [string, string][]) : []),
  ['Created', instant(site.createdAt)],
  [
    'Tunnel',
    site.tunnel.state === 'never' ? 'has never connected' : `${site.tunnel.state} since ${instant(site.tunnel.since)}`,
  ],
  ['Address', site.tunnelAddress],
];

const tagsText = (tags: Record<string, string>): string =>
  Object.entries(tags)
    .map(([key, value]) => (value === '' ? key : `${key}=${value}`))
    .join(', ');

/** `key=value`, or `key-` for one that goes. @throws CliError `wrong-usage` */
const tagOf = (text: string, removable: boolean): [string, string | null] => {
  const at = text.indexOf('=');
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  if (removable && text.length > 1 && text.endsWith('-')) return [text.slice(0, -1), null];
  const form = removable ? 'KEY=VALUE, or KEY- to take it away' : 'KEY=VALUE';
  throw new CliError('wrong-usage', `${text} is no tag`, `A tag is ${form}`);
};

interface CreateFlags {
  label?: string;
  tag?: string[];
  address?: string;
  notes?: string;
}

const create = command<CreateFlags>({
  path: 'site create',
  summary: 'make a site',
  args: [{ name: '<name>', summary: 'as people call it', complete: 'none' }],
  options: [
    { flags: '--label <label>', summary: 'for URLs, for good; made from the name when absent', complete: 'none' },
    { flags: '--tag <key=value>', summary: 'to find it by; may be repeated', repeat: true, complete: 'none' },
    { flags: '--address <text>', summary: 'where it is', complete: 'none' },
    { flags: '--notes <text>', summary: 'for people', complete: 'none' },
  ],
  examples: ["adit site create 'Hamburg Süd'", "adit site create 'Hamburg Süd' --label hamburg --quiet"],
  run: async ({ args: [name = ''], flags: { label, tag, address, notes }, api, out }) => {
    const body = {
      name,
      ...(label === undefined ? {} : { label }),
      ...(tag === undefined ? {} : { tags: Object.fromEntries(tag.map((text) => tagOf(text, false))) }),
      ...(address === undefined ? {} : { location: { address } }),
      ...(notes === undefined ? {} : { notes }),
    };
    const site = await (await api()).post(siteShape, '/sites', body);
    out.one(site, site.id, rowsOf(site));
    out.note(`Next, its keyfile: adit keyfile issue ${site.label}`);
  },
});

interface ListFlags {
  limit?: number;
  search?: string;
  tags?: string;
  tunnel?: string;
}

const list = command<ListFlags>({
  path: 'site list',
  summary: 'the sites, oldest first',
  options: [
    { flags: '--search <text>', summary: 'part of the name or label', complete: 'none' },
    { flags: '--tags <selector>', summary: 'region=north,tier!=gold,critical,!retired', complete: 'none' },
    { flags: '--tunnel <state>', summary: 'only these', complete: ['up', 'down', 'never'] },
    { flags: '--limit <n>', summary: 'no more than these', parse: wholeNumber('--limit'), complete: 'none' },
  ],
  examples: [
    'adit site list',
    'adit site list --tunnel down --tags region=north',
    'adit site list --json | jq -r \'select(.tunnel.state != "up").label\'',
  ],
  run: async ({ flags: { limit, search, tags, tunnel }, api, out }) => {
    const query = { q: search, tagSelector: tags, tunnelState: tunnel };
    const sites = (await api()).list(siteShape, '/sites', query, limit);
    const all = search === undefined && tags === undefined && tunnel === undefined;
    const nothing = all ? 'There is no site yet: adit site create NAME' : 'There is no such site.';
    await out.list(sites, FIELDS, { id: ({ id }) => id, nothing });
  },
});

const show = command({
  path: 'site show',
  summary: 'one site',
  args: [SITE_ARGUMENT],
  examples: ['adit site show hamburg-sued', "adit site show 'Hamburg Süd' --json"],
  run: async ({ args: [reference = ''], api, out }) => {
    const site = await findSite(await api(), reference);
    out.one(site, site.id, rowsOf(site));
  },
});

const rename = command({
  path: 'site rename',
  summary: 'give a site another name; its label stays',
  args: [SITE_ARGUMENT, { name: '<name>', summary: 'the new one', complete: 'none' }],
  examples: ["adit site rename hamburg-sued 'Hamburg Harbour'"],
  run: async ({ args: [reference = '', name = ''], api, out }) => {
    const client = await api();
    const { id } = await findSite(client, reference);
    const site = await client.patch(siteShape, `/sites/${id}`, { name });
    out.one(site, site.id, rowsOf(site));
  },
});

const tag = command({
  path: 'site tag',
  summary: 'set tags of a site, or take them away',
  args: [SITE_ARGUMENT, { name: '<tags...>', summary: 'KEY=VALUE, or KEY- to take it away', complete: 'none' }],
  examples: ['adit site tag hamburg-sued region=north retired-'],
  run: async ({ args: [reference = '', ...texts], api, out }) => {
    const tags = Object.fromEntries(texts.map((text) => tagOf(text, true)));
    const client = await api();
    const { id } = await findSite(client, reference);
    const site = await client.patch(siteShape, `/sites/${id}`, { tags });
    out.one(site, site.id, rowsOf(site));
  },
});

const remove = command<{ yes?: boolean }>({
  path: 'site delete',
  summary: 'delete a site: its agent is cut off for good',
  args: [SITE_ARGUMENT],
  options: [{ flags: '--yes', summary: 'do not ask' }],
  examples: ['adit site delete hamburg-sued'],
  run: async (call) => {
    const client = await call.api();
    const site = await findSite(client, call.args[0] ?? '');
    await confirm(`Delete ${site.name} (${site.label}) and cut off its agent?`, call.flags.yes, call);
    await client.delete(`/sites/${site.id}`, true);
    call.out.done({ id: site.id, deleted: true }, `${site.name} is deleted.`);
  },
});

export const SITE_COMMANDS = [create, list, show, rename, tag, remove];
