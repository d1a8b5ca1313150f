import { issuedKeyfile, keyfile as keyfileShape, type Keyfile } from '../api/shapes.js';
import { instant, relative } from '../output/time.js';
import type { Field } from '../output/output.js';
import { type Call, command, type OptionSpec } from '../program/command.js';
import { confirm, durationSeconds, newSecretOf } from '../program/input.js';
import { deliverKeyfile } from './keyfile-delivery.js';
import { SITE_ARGUMENT } from './site.commands.js';
import { findSite } from './site-reference.js';
import { statePaint } from './state-paint.js';

interface TermFlags {
  output?: string;
  validFor?: number;
  seal?: boolean;
  passphraseFile?: string;
}

const TERM_OPTIONS: readonly OptionSpec[] = [
  { flags: '--output <file>', summary: 'a file that is not there yet; SITE.keyfile when absent', complete: 'file' },
  {
    flags: '--valid-for <time>',
    summary: 'until it has to be used: 12h, 7d; at most 30d',
    parse: durationSeconds('--valid-for'),
    complete: 'none',
  },
  { flags: '--seal', summary: 'put a passphrase around it, which is asked for' },
  {
    flags: '--passphrase-file <file>',
    summary: 'seal it with the passphrase in a file; - for standard input',
    complete: 'file',
  },
];

const KEYFILE_ARGUMENT = {
  name: '<keyfile>',
  summary: 'its id; adit keyfile list SITE shows it',
  complete: 'none',
} as const;

const FIELDS: readonly Field<Keyfile>[] = [
  { title: 'ID', whole: true, of: ({ keyfileId }) => keyfileId },
  { title: 'STATE', whole: true, of: ({ state }) => state, paint: ({ state }) => statePaint(state) },
  { title: 'ISSUED', whole: true, of: ({ issuedAt }) => relative(issuedAt) },
  { title: 'BY', of: ({ issuedBy }) => issuedBy },
  { title: 'EXPIRES', whole: true, of: ({ expiresAt }) => relative(expiresAt) },
  { title: 'USED FROM', of: ({ claimedFrom }) => claimedFrom ?? '-' },
];

/** What a new keyfile is asked for with. */
const termsOf = async (call: Call<TermFlags>): Promise<Record<string, unknown>> => {
  const { validFor, seal, passphraseFile } = call.flags;
  const sealed = seal === true || passphraseFile !== undefined;
  return {
    ...(validFor === undefined ? {} : { validForSeconds: validFor }),
    ...(sealed
      ? { passphrase: await newSecretOf(passphraseFile, 'Passphrase of the keyfile', '--passphrase-file', call) }
      : {}),
  };
};

const issue = command<TermFlags & { replace?: boolean; yes?: boolean }>({
  path: 'keyfile issue',
  summary: 'issue a keyfile and write it into a file that only you can read',
  args: [SITE_ARGUMENT],
  options: [
    ...TERM_OPTIONS,
    { flags: '--replace', summary: 'the site has an agent: cut it off, the keyfile is for its successor' },
    { flags: '--yes', summary: 'do not ask before an agent is cut off' },
  ],
  examples: [
    'adit keyfile issue hamburg-sued',
    'adit keyfile issue hamburg-sued --seal --valid-for 12h --output /media/usb/hh.keyfile',
  ],
  run: async (call) => {
    const { args, flags } = call;
    const client = await call.api();
    const site = await findSite(client, args[0] ?? '');
    if (flags.replace === true) await confirm(`Cut off the present agent of ${site.name}?`, flags.yes, call);
    const body = { ...(await termsOf(call)), ...(flags.replace === true ? { replace: true } : {}) };
    const path = flags.output ?? `${site.label}.keyfile`;
    await deliverKeyfile(call, path, () => client.post(issuedKeyfile, `/sites/${site.id}/keyfiles`, body));
  },
});

const replace = command<TermFlags & { when?: string; yes?: boolean }>({
  path: 'site replace',
  summary: 'a new server for a site: a keyfile for it, the old one is cut off; name, role and history stay',
  args: [SITE_ARGUMENT],
  options: [
    ...TERM_OPTIONS,
    {
      flags: '--when <moment>',
      summary: 'when the old server goes',
      default: 'now',
      complete: ['now', 'on-enrolment'],
    },
    { flags: '--yes', summary: 'do not ask' },
  ],
  examples: [
    'adit site replace hamburg-sued',
    'adit site replace hamburg-sued --when on-enrolment --output new.keyfile',
  ],
  run: async (call) => {
    const { args, flags } = call;
    const client = await call.api();
    const site = await findSite(client, args[0] ?? '');
    const when = flags.when ?? 'now';
    const moment = when === 'now' ? 'at once' : 'when the new one connects';
    await confirm(`Replace the server of ${site.name}? The present one is cut off ${moment}.`, flags.yes, call);
    const body = { ...(await termsOf(call)), when };
    const path = flags.output ?? `${site.label}.keyfile`;
    await deliverKeyfile(call, path, () => client.post(issuedKeyfile, `/sites/${site.id}/replace`, body));
  },
});

const regenerate = command<TermFlags>({
  path: 'keyfile regenerate',
  summary: 'take back a keyfile that was not used, and issue another in its place',
  args: [KEYFILE_ARGUMENT],
  options: TERM_OPTIONS,
  examples: ['adit keyfile regenerate 0199a3c2-7e1b-7000-8000-3f2a1c0d9e8f --output new.keyfile'],
  run: async (call) => {
    const [id = ''] = call.args;
    const client = await call.api();
    const body = await termsOf(call);
    const path = call.flags.output ?? `${id}.keyfile`;
    await deliverKeyfile(call, path, () =>
      client.post(issuedKeyfile, `/keyfiles/${encodeURIComponent(id)}/regenerate`, body),
    );
  },
});

const list = command<{ state?: string }>({
  path: 'keyfile list',
  summary: 'the keyfiles of a site, or of all',
  args: [{ ...SITE_ARGUMENT, name: '[site]' }],
  options: [
    {
      flags: '--state <state>',
      summary: 'only these',
      complete: ['issued', 'claimed', 'redeemed', 'closed', 'revoked', 'expired'],
    },
  ],
  examples: ['adit keyfile list hamburg-sued', 'adit keyfile list --state issued'],
  run: async ({ args: [reference], flags: { state }, api, out }) => {
    const client = await api();
    const path = reference === undefined ? '/keyfiles' : `/sites/${(await findSite(client, reference)).id}/keyfiles`;
    const nothing =
      reference === undefined ? 'There is no such keyfile' : `There is none: adit keyfile issue ${reference}`;
    await out.list(client.list(keyfileShape, path, { state }), FIELDS, { id: ({ keyfileId }) => keyfileId, nothing });
  },
});

const show = command({
  path: 'keyfile show',
  summary: 'one keyfile, and what happened to it',
  args: [KEYFILE_ARGUMENT],
  examples: ['adit keyfile show 0199a3c2-7e1b-7000-8000-3f2a1c0d9e8f'],
  run: async ({ args: [id = ''], api, out }) => {
    const keyfile = await (await api()).get(keyfileShape, `/keyfiles/${encodeURIComponent(id)}`);
    out.one(keyfile, keyfile.keyfileId, rowsOf(keyfile));
  },
});

const rowsOf = (keyfile: Keyfile): [string, string][] => [
  ['Keyfile', keyfile.keyfileId],
  ['Site', keyfile.siteId],
  ['State', keyfile.state],
  ['Sealed', keyfile.sealed === true ? 'with a passphrase' : 'no'],
  ['Issued', `${instant(keyfile.issuedAt)} by ${keyfile.issuedBy}`],
  ['Expires', instant(keyfile.expiresAt)],
  ...(keyfile.history === undefined && keyfile.revokedAt
    ? ([['Revoked', instant(keyfile.revokedAt)]] as [string, string][])
    : []),
  ...(keyfile.history ?? []).map(({ step, at, by, from, reason }): [string, string] => [
    `  ${step}`,
    [instant(at), by && `by ${by}`, from && `from ${from}`, reason].filter(Boolean).join(' '),
  ]),
];

const revoke = command<{ reason?: string; yes?: boolean }>({
  path: 'keyfile revoke',
  summary: 'revoke a keyfile, and the identity that came of it',
  args: [KEYFILE_ARGUMENT],
  options: [
    { flags: '--reason <text>', summary: 'for the audit', complete: 'none' },
    { flags: '--yes', summary: 'do not ask' },
  ],
  examples: ["adit keyfile revoke 0199a3c2-7e1b-7000-8000-3f2a1c0d9e8f --reason 'stick lost'"],
  run: async (call) => {
    const [id = ''] = call.args;
    const { reason, yes } = call.flags;
    const client = await call.api();
    const path = `/keyfiles/${encodeURIComponent(id)}`;
    const { state } = await client.get(keyfileShape, path);
    const used = state === 'redeemed' || state === 'closed';
    await confirm(used ? 'A site has enrolled with it and is cut off. Revoke it?' : 'Revoke it?', yes, call);
    const keyfile = await client.post(keyfileShape, `${path}/revoke`, reason === undefined ? {} : { reason });
    call.out.one(keyfile, keyfile.keyfileId, rowsOf(keyfile));
  },
});

export const KEYFILE_COMMANDS = [replace, issue, list, show, regenerate, revoke];
