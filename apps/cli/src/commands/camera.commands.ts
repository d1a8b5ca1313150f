import { camera as cameraShape, type Camera, viewTicket } from '../api/shapes.js';
import { CliError } from '../errors.js';
import type { Field } from '../output/output.js';
import { instant } from '../output/time.js';
import { command } from '../program/command.js';
import { durationSeconds, wholeNumber } from '../program/input.js';
import { CAMERA_ARGUMENT, exportCommand } from './export.command.js';
import { ptzCommand } from './ptz.command.js';
import { recordCommand } from './record.command.js';
import { SITE_ARGUMENT } from './site.commands.js';
import { snapshotCommand } from './snapshot.command.js';
import { cameraAddress, findCamera, findSite } from './site-reference.js';
import { statePaint } from './state-paint.js';
import { STREAM_USAGES } from './stream-usages.js';

const FIELDS: readonly Field<Camera>[] = [
  { title: 'CAMERA', whole: true, of: cameraAddress },
  { title: 'NAME', of: ({ name }) => name },
  { title: 'STATE', whole: true, of: ({ state }) => state, paint: ({ state }) => statePaint(state) },
  { title: 'STREAMS', of: ({ streams }) => streams.map(streamText).join(', ') || '-' },
  { title: 'REASON', of: ({ stateReason }) => stateReason ?? '-' },
];

const streamText = ({ codec, width, height }: Camera['streams'][number]): string =>
  width === null || height === null ? codec : `${codec} ${width}x${height}`;

const list = command<{ site?: string }>({
  path: 'camera list',
  summary: 'cameras of all federated sites, or of one',
  args: [{ ...SITE_ARGUMENT, name: '[site]' }],
  examples: ['adit camera list', 'adit camera list hamburg-sued'],
  run: async ({ args: [reference], api, out }) => {
    const client = await api();
    const query = reference === undefined ? {} : { siteId: (await findSite(client, reference)).id };
    await out.list(client.list(cameraShape, '/cameras', query), FIELDS, {
      id: ({ id }) => id,
      nothing: 'There is no camera: they appear once the federation role of their site is connected',
    });
  },
});

const streamUrl = command<{ usage?: string; validFor?: number; level?: number }>({
  path: 'stream url',
  summary: 'an RTSP URL for any player, with its ticket; shown this once',
  args: [CAMERA_ARGUMENT],
  options: [
    { flags: '--usage <usage>', summary: 'which picture', default: 'live', complete: STREAM_USAGES },
    {
      flags: '--valid-for <time>',
      summary: 'how long the player may reconnect: at most 12h',
      parse: durationSeconds('--valid-for'),
      complete: 'none',
    },
    {
      flags: '--level <level>',
      summary: 'who goes first where too many watch: 1, the highest, to 254; your own at most',
      parse: wholeNumber('--level'),
      complete: 'none',
    },
  ],
  examples: [
    'ffplay -rtsp_transport tcp "$(adit stream url hamburg-sued/gate)"',
    'adit stream url Gate --usage low-res',
  ],
  run: async ({ args: [reference = ''], flags: { usage = 'live', validFor, level }, api, out, terminal }) => {
    const client = await api();
    const { id } = await findCamera(client, reference);
    const life = validFor === undefined ? {} : { validForSeconds: validFor };
    const body = { usage, ...life, ...(level === undefined ? {} : { level }) };
    const ticket = await client.post(viewTicket, `/cameras/${id}/view-tickets`, body);
    if (ticket.url === null) throw new CliError('answer-lost', 'the URL got lost on the way', 'Repeat the command');
    if (out.isJson) return out.json(ticket);
    terminal.print(ticket.url);
    out.note(`Start the player by ${instant(ticket.firstUseBy)}; it may reconnect until ${instant(ticket.expiresAt)}.`);
  },
});

export const CAMERA_COMMANDS = [list, snapshotCommand, exportCommand, ptzCommand, recordCommand, streamUrl];
