import {
  anything,
  webhook as webhookShape,
  type Webhook,
  webhookDelivery,
  type WebhookDelivery,
} from '../api/shapes.js';
import { CliError } from '../errors.js';
import { intoNewFile } from '../files/reserved-file.js';
import type { Field } from '../output/output.js';
import { relative } from '../output/time.js';
import { command } from '../program/command.js';
import { confirm } from '../program/input.js';

const WEBHOOK = { name: '<webhook>', summary: 'its id; adit webhook list shows it', complete: 'none' } as const;
const DEFAULT_EVENTS = ['site.offline', 'site.online'];

const FIELDS: readonly Field<Webhook>[] = [
  { title: 'ID', whole: true, of: ({ id }) => id },
  { title: 'URL', of: ({ url }) => url },
  { title: 'EVENTS', of: ({ events }) => events.join(',') },
  {
    title: 'STATE',
    whole: true,
    of: ({ enabled, disabledReason, failingSince }) =>
      enabled
        ? failingSince
          ? `failing ${relative(failingSince)}`
          : 'active'
        : `off: ${disabledReason ?? 'operator'}`,
    paint: ({ enabled, failingSince }) => (enabled ? (failingSince ? 'yellow' : 'green') : 'red'),
  },
];

const DELIVERY_FIELDS: readonly Field<WebhookDelivery>[] = [
  { title: 'AT', whole: true, of: ({ createdAt }) => relative(createdAt) },
  { title: 'EVENT', whole: true, of: ({ event }) => event },
  { title: 'STATE', whole: true, of: ({ state }) => state },
  { title: 'ATTEMPTS', of: ({ attempts }) => String(attempts) },
  { title: 'ANSWER', of: ({ lastStatus, lastError }) => String(lastStatus ?? lastError ?? '-') },
  { title: 'ID', whole: true, of: ({ id }) => id },
];

const create = command<{ event?: string[]; description?: string; secretFile?: string }>({
  path: 'webhook create',
  summary: 'have events sent to a URL; the secret that signs them is written into a file',
  args: [{ name: '<url>', summary: 'https://…', complete: 'none' }],
  options: [
    {
      flags: '--event <event>',
      summary: `such as keyfile.*, may be repeated; ${DEFAULT_EVENTS.join(', ')} when absent`,
      repeat: true,
      complete: 'none',
    },
    { flags: '--description <text>', summary: 'for people', complete: 'none' },
    {
      flags: '--secret-file <file>',
      summary: 'a file that is not there yet; webhook.secret when absent',
      complete: 'file',
    },
  ],
  examples: ['adit webhook create https://hooks.example.com/adit --event site.offline --secret-file hook.secret'],
  run: async ({ args: [url = ''], flags, api, out }) => {
    const { event: events = DEFAULT_EVENTS, description, secretFile = 'webhook.secret' } = flags;
    const client = await api();
    const body = { url, events, ...(description === undefined ? {} : { description }) };
    const { secret: _, ...shown } = await intoNewFile(secretFile, async (file) => {
      const made = await client.post(webhookShape, '/webhooks', body);
      if (typeof made.secret !== 'string') {
        throw new CliError(
          'answer-lost',
          `webhook ${made.id} was made, but its secret got lost on the way`,
          `adit webhook delete ${made.id}, then again`,
        );
      }
      await file.append(`${made.secret}\n`);
      return made;
    });
    out.one({ ...shown, secretFile }, shown.id, [
      ['Webhook', shown.id],
      ['URL', shown.url],
      ['Events', shown.events.join(', ')],
      ['Secret', secretFile],
    ]);
    out.note(`Next, try it: adit webhook test ${shown.id}`);
  },
});

const list = command({
  path: 'webhook list',
  summary: 'where events are sent',
  examples: ['adit webhook list'],
  run: async ({ api, out }) => {
    const webhooks = (await api()).list(webhookShape, '/webhooks');
    await out.list(webhooks, FIELDS, { id: ({ id }) => id, nothing: 'There is none: adit webhook create URL' });
  },
});

const log = command({
  path: 'webhook log',
  summary: 'what was sent, newest first',
  args: [WEBHOOK],
  examples: ['adit webhook log 0199a3c2-7e1b-7000-8000-3f2a1c0d9e8f'],
  run: async ({ args: [id = ''], api, out }) => {
    const path = `/webhooks/${encodeURIComponent(id)}/deliveries`;
    const deliveries = (await api()).list(webhookDelivery, path, {}, 50);
    await out.list(deliveries, DELIVERY_FIELDS, { id: ({ id: own }) => own, nothing: 'Nothing was sent yet.' });
  },
});

const test = command({
  path: 'webhook test',
  summary: 'send an event webhook.tested',
  args: [WEBHOOK],
  examples: ['adit webhook test 0199a3c2-7e1b-7000-8000-3f2a1c0d9e8f'],
  run: async ({ args: [id = ''], api, out }) => {
    const answer = await (await api()).post(anything, `/webhooks/${encodeURIComponent(id)}/test`);
    out.done(answer, `It is on its way: adit webhook log ${id}`);
  },
});

const remove = command<{ yes?: boolean }>({
  path: 'webhook delete',
  summary: 'send nothing more there',
  args: [WEBHOOK],
  options: [{ flags: '--yes', summary: 'do not ask' }],
  examples: ['adit webhook delete 0199a3c2-7e1b-7000-8000-3f2a1c0d9e8f'],
  run: async (call) => {
    const path = `/webhooks/${encodeURIComponent(call.args[0] ?? '')}`;
    const client = await call.api();
    const { id, url } = await client.get(webhookShape, path);
    await confirm(`Send nothing more to ${url}?`, call.flags.yes, call);
    await client.delete(path, true);
    call.out.done({ id, deleted: true }, `Nothing is sent to ${url} any more.`);
  },
});

export const WEBHOOK_COMMANDS = [create, list, log, test, remove];
