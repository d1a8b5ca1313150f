import type { ApiClient } from '../api/client.js';
import { collect } from '../api/collect.js';
import { anything, stream as streamShape, type Stream } from '../api/shapes.js';
import { CliError } from '../errors.js';
import type { Field } from '../output/output.js';
import { relative } from '../output/time.js';
import { command, type OptionSpec } from '../program/command.js';
import { confirm } from '../program/input.js';
import { findCamera, findSite } from './site-reference.js';

const FIELDS: readonly Field<Stream>[] = [
  { title: 'STREAM', whole: true, of: ({ id }) => id },
  { title: 'USER', of: ({ user }) => user },
  { title: 'CAMERA', of: ({ siteLabel, camera }) => `${siteLabel}/${camera}` },
  { title: 'USAGE', whole: true, of: ({ usage }) => usage },
  { title: 'SINCE', whole: true, of: ({ startedAt }) => relative(startedAt) },
  { title: 'BY', whole: true, of: ({ transport, encrypted }) => (encrypted ? `${transport}+tls` : transport) },
  { title: 'WHY', of: ({ reason }) => reason },
  { title: 'FROM', of: ({ remoteAddress }) => remoteAddress },
  { title: 'DROPPED', whole: true, of: ({ figures }) => String(figures.droppedUnits) },
];

const CHOICE: readonly OptionSpec[] = [
  { flags: '--site <site>', summary: 'of one site', complete: 'site' },
  { flags: '--camera <camera>', summary: 'of one camera', complete: 'camera' },
  { flags: '--user <user>', summary: 'of one user: an operator’s name, or as the list shows it', complete: 'operator' },
];

interface Choice {
  site?: string;
  camera?: string;
  user?: string;
}

/** As the API names them. */
const chosen = async (client: ApiClient, { site, camera, user }: Choice): Promise<Record<string, string>> => ({
  ...(site === undefined ? {} : { siteId: (await findSite(client, site)).id }),
  ...(camera === undefined ? {} : { cameraId: (await findCamera(client, camera)).id }),
  ...(user === undefined ? {} : { user: user.includes(':') ? user : `operator:${user}` }),
});

const list = command<Choice>({
  path: 'stream list',
  summary: 'who watches what since when, newest first',
  options: CHOICE,
  examples: [
    'adit stream list',
    'adit stream list --camera hamburg-sued/gate',
    'adit stream list --json | jq -r .client',
  ],
  run: async ({ flags, api, out }) => {
    const client = await api();
    const streams = client.list(streamShape, '/streams', await chosen(client, flags));
    await out.list(streams, FIELDS, { id: ({ id }) => id, nothing: 'Nobody watches.' });
  },
});

const end = command<Choice & { revoke?: boolean; yes?: boolean }>({
  path: 'stream end',
  summary: 'end one stream, or all of a site, a camera or a user',
  args: [{ name: '[stream]', summary: 'its id', complete: 'none' }],
  options: [
    ...CHOICE,
    { flags: '--revoke', summary: 'revoke their tickets too, so that these viewers do not come back with them' },
    { flags: '--yes', summary: 'do not ask' },
  ],
  examples: ['adit stream end 7b9c6b1e-3a55-4c86-9e0f-0c6f3c1d2e4a', 'adit stream end --user jana --revoke'],
  run: async (call) => {
    const [id] = call.args;
    const client = await call.api();
    const choice = await chosen(client, call.flags);
    if ((id === undefined) === (Object.keys(choice).length === 0)) {
      throw new CliError('wrong-usage', 'name one stream, or whose streams', 'Give an id, or --site, --camera, --user');
    }
    const streams =
      id === undefined ? await collect(client.list(streamShape, '/streams', choice)) : [await one(client, id)];
    await confirm(`End ${streams.length === 1 ? 'this stream' : `${streams.length} streams`}?`, call.flags.yes, call);
    const path = id === undefined ? '/streams/end' : `/streams/${id}/end`;
    const answer = await client.post(anything, path, id === undefined ? choice : undefined);
    if (call.flags.revoke === true) await revokeTickets(client, streams);
    call.out.done(answer, `${String(answer['ended'])} ended.`);
  },
});

const one = (client: ApiClient, id: string): Promise<Stream> =>
  client.get(streamShape, `/streams/${encodeURIComponent(id)}`);

const revokeTickets = async (client: ApiClient, streams: readonly Stream[]): Promise<void> => {
  for (const ticket of new Set(streams.flatMap(({ ticketId }) => ticketId ?? []))) {
    await client.post(anything, `/view-tickets/${ticket}/revoke`);
  }
};

export const STREAM_COMMANDS = [list, end];
