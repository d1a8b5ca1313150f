import type { ApiClient } from '../api/client.js';
import { streamAccount, type StreamAccount, streamAccountWithPassword } from '../api/shapes.js';
import { CliError } from '../errors.js';
import { intoNewFile } from '../files/reserved-file.js';
import type { Field } from '../output/output.js';
import { instant, relative } from '../output/time.js';
import { command, type Call } from '../program/command.js';
import { confirm, durationSeconds, wholeNumber } from '../program/input.js';
import { findCamera, findSite } from './site-reference.js';
import { STREAM_USAGES } from './stream-usages.js';

const ACCOUNT = { name: '<account>', summary: 'its id; adit stream-account list shows it', complete: 'none' } as const;
const OUTPUT = {
  flags: '--output <file>',
  summary: 'a file that is not there yet; NAME.rtsp when absent',
  complete: 'file',
} as const;

const FIELDS: readonly Field<StreamAccount>[] = [
  { title: 'ID', whole: true, of: ({ id }) => id },
  { title: 'NAME', of: ({ name }) => name },
  { title: 'USER', whole: true, of: ({ username }) => username },
  {
    title: 'FOR',
    of: ({ siteIds, cameraIds }) =>
      [siteIds.length > 0 ? `${siteIds.length} sites` : '', cameraIds.length > 0 ? `${cameraIds.length} cameras` : '']
        .filter(Boolean)
        .join(', '),
  },
  { title: 'USAGES', of: ({ usages }) => usages.join(',') },
  { title: 'LEVEL', of: ({ level }) => String(level) },
  { title: 'LAST USED', whole: true, of: ({ lastUsedAt }) => relative(lastUsedAt) },
  { title: 'STATE', whole: true, of: (account) => stateOf(account), paint: (account) => paintOf(account) },
];

const stateOf = ({ revokedAt, passwordSetAt, expiresAt }: StreamAccount): string => {
  if (revokedAt) return 'revoked';
  if (!passwordSetAt) return 'needs a new password';
  return expiresAt ? `ends ${relative(expiresAt)}` : 'active';
};

const paintOf = ({ revokedAt, passwordSetAt }: StreamAccount): 'red' | 'yellow' | 'green' =>
  revokedAt ? 'red' : passwordSetAt ? 'green' : 'yellow';

/** Asks for a password and brings it into a new file: it is told this once, and recorders take it from there. */
const intoFile = async (call: Pick<Call, 'out'>, path: string, ask: () => ReturnType<typeof askFor>): Promise<void> => {
  const shown = await intoNewFile(path, async (file) => {
    const { password, urls, urlTemplate, ...account } = await ask();
    if (typeof password !== 'string') {
      throw new CliError(
        'answer-lost',
        `account ${account.id} is there, but its password got lost on the way`,
        `adit stream-account rotate ${account.id}`,
      );
    }
    const addresses = [...(urls ?? []).map(({ url }) => url), ...(urlTemplate ? [`# ${urlTemplate}`] : [])];
    await file.append([`# user ${account.username}, password ${password}`, ...addresses, ''].join('\n'));
    return account;
  });
  call.out.one({ ...shown, file: path }, shown.id, [
    ['Account', shown.id],
    ['User', shown.username],
    ['Password and URLs', path],
    ['Ends', shown.expiresAt ? instant(shown.expiresAt) : 'never'],
  ]);
};

const askFor = (client: ApiClient, path: string, body?: object) => client.post(streamAccountWithPassword, path, body);

interface CreateFlags {
  camera?: string[];
  site?: string[];
  usage?: string[];
  level?: number;
  validFor?: number;
  from?: string[];
  output?: string;
}

const create = command<CreateFlags>({
  path: 'stream-account create',
  summary: 'a user and a password for a recorder; they are written into a file that only you can read',
  args: [{ name: '<name>', summary: 'which recorder it is', complete: 'none' }],
  options: [
    {
      flags: '--camera <camera>',
      summary: 'SITE/CAMERA, id or name; may be repeated',
      repeat: true,
      complete: 'camera',
    },
    { flags: '--site <site>', summary: 'all cameras of it; may be repeated', repeat: true, complete: 'site' },
    { flags: '--usage <usage>', summary: 'live when absent; may be repeated', repeat: true, complete: STREAM_USAGES },
    {
      flags: '--level <number>',
      summary: '1 (highest) to 254; 128 when absent',
      parse: wholeNumber('--level'),
      complete: 'none',
    },
    {
      flags: '--valid-for <time>',
      summary: 'without it the account has no end',
      parse: durationSeconds('--valid-for'),
      complete: 'none',
    },
    {
      flags: '--from <range>',
      summary: 'where it may come from, as 192.0.2.0/24; may be repeated',
      repeat: true,
      complete: 'none',
    },
    OUTPUT,
  ],
  examples: [
    "adit stream-account create 'Recorder, control room' --site hamburg-sued --from 192.0.2.7/32",
    'adit stream-account create Wall --camera hamburg-sued/gate --usage low-res --output wall.rtsp',
  ],
  run: async (call) => {
    const { args, flags } = call;
    const { camera = [], site = [], usage = ['live'], level, validFor, from = [] } = flags;
    if (camera.length + site.length === 0) {
      throw new CliError('wrong-usage', 'what may the account watch?', 'Give --camera or --site');
    }
    const client = await call.api();
    const cameraIds = await idsOf(camera, (reference) => findCamera(client, reference));
    const siteIds = await idsOf(site, (reference) => findSite(client, reference));
    const path = flags.output ?? fileNameOf(args[0] ?? '');
    await intoFile(call, path, () =>
      askFor(client, '/stream-accounts', {
        name: args[0],
        cameraIds,
        siteIds,
        usages: usage,
        allowedCidrs: from,
        ...(level === undefined ? {} : { level }),
        ...(validFor === undefined ? {} : { expiresAt: new Date(Date.now() + validFor * 1_000).toISOString() }),
      }),
    );
  },
});

const idsOf = async (references: string[], find: (reference: string) => Promise<{ id: string }>): Promise<string[]> => {
  const ids = new Set<string>();
  for (const reference of references) ids.add((await find(reference)).id);
  return [...ids];
};

const fileNameOf = (name: string): string => `${name.replaceAll(/[^A-Za-z0-9._-]+/g, '-')}.rtsp`;

const list = command({
  path: 'stream-account list',
  summary: 'the accounts of recorders',
  examples: ['adit stream-account list'],
  run: async ({ api, out }) => {
    const accounts = (await api()).list(streamAccount, '/stream-accounts');
    await out.list(accounts, FIELDS, {
      id: ({ id }) => id,
      nothing: 'There is none: adit stream-account create NAME --site SITE',
    });
  },
});

const rotate = command<{ yes?: boolean; output?: string }>({
  path: 'stream-account rotate',
  summary: 'another password, at once; what plays with the one before ends',
  args: [ACCOUNT],
  options: [{ flags: '--yes', summary: 'do not ask' }, OUTPUT],
  examples: ['adit stream-account rotate 0199a3c2-7e1b-7000-8000-3f2a1c0d9e8f --output recorder.rtsp'],
  run: async (call) => {
    const client = await call.api();
    const path = `/stream-accounts/${encodeURIComponent(call.args[0] ?? '')}`;
    const { name } = await client.get(streamAccount, path);
    await confirm(`Give ${name} another password?`, call.flags.yes, call);
    await intoFile(call, call.flags.output ?? fileNameOf(name), () => askFor(client, `${path}/rotate-password`));
  },
});

const revoke = command<{ yes?: boolean }>({
  path: 'stream-account revoke',
  summary: 'end an account for good, and what plays with it',
  args: [ACCOUNT],
  options: [{ flags: '--yes', summary: 'do not ask' }],
  examples: ['adit stream-account revoke 0199a3c2-7e1b-7000-8000-3f2a1c0d9e8f'],
  run: async (call) => {
    const client = await call.api();
    const path = `/stream-accounts/${encodeURIComponent(call.args[0] ?? '')}`;
    const { name } = await client.get(streamAccount, path);
    await confirm(`End the account of ${name}?`, call.flags.yes, call);
    const account = await client.post(streamAccount, `${path}/revoke`);
    call.out.done(account, `${name} watches nothing any more.`);
  },
});

export const STREAM_ACCOUNT_COMMANDS = [create, list, rotate, revoke];
