import { setTimeout as delay } from 'node:timers/promises';
import type { ApiClient } from '../api/client.js';
import { collect } from '../api/collect.js';
import { role as roleShape, type Role, type Site } from '../api/shapes.js';
import { CliError } from '../errors.js';
import type { Field } from '../output/output.js';
import { type Call, command, type OptionSpec } from '../program/command.js';
import { durationSeconds, secretOf } from '../program/input.js';
import { SITE_ARGUMENT } from './site.commands.js';
import { findSite } from './site-reference.js';
import { statePaint } from './state-paint.js';

const UNDER_WAY = ['unconfigured', 'connecting', 'synchronizing', 'disabled'];
const DEFAULT_WAIT_S = 15;
const LOOK_EVERY_MS = 300;

const ROLE_OPTION: OptionSpec = {
  flags: '--role <role>',
  summary: 'id or name, where the site has several',
  complete: 'none',
};

const FIELDS: readonly Field<Role>[] = [
  { title: 'SITE', whole: true, of: ({ siteLabel }) => siteLabel },
  { title: 'ROLE', of: ({ name }) => name },
  { title: 'STATE', whole: true, of: ({ state }) => state, paint: ({ state }) => statePaint(state) },
  { title: 'ACCOUNT', of: ({ username }) => username ?? '-' },
  { title: 'ENTITIES', whole: true, of: ({ entityCount }) => String(entityCount) },
  { title: 'REASON', of: ({ stateReason }) => stateReason ?? '-' },
  { title: 'ID', whole: true, of: ({ id }) => id },
];

const list = command({
  path: 'role list',
  summary: 'the federation roles of all sites, or of one: how each does',
  args: [{ ...SITE_ARGUMENT, name: '[site]' }],
  examples: ['adit role list', 'adit role list hamburg-sued'],
  run: async ({ args: [reference], api, out }) => {
    const client = await api();
    const query = reference === undefined ? {} : { siteId: (await findSite(client, reference)).id };
    await out.list(client.list(roleShape, '/federation-roles', query), FIELDS, {
      id: ({ id }) => id,
      nothing: 'There is no federation role: every new site brings one within seconds',
    });
  },
});

interface ActivateFlags {
  role?: string;
  username?: string;
  passwordFile?: string;
  wait?: number;
}

const activate = command<ActivateFlags>({
  path: 'role activate',
  summary: 'gives a federation role its account at the site, switches it on, and waits for the contact',
  args: [SITE_ARGUMENT],
  options: [
    { flags: '--username <name>', summary: 'as made on site by adit-agent user add', complete: 'none' },
    { flags: '--password-file <file>', summary: 'instead of being asked; - for standard input', complete: 'file' },
    ROLE_OPTION,
    {
      flags: '--wait <time>',
      summary: `for the contact; ${DEFAULT_WAIT_S}s when absent`,
      parse: durationSeconds('--wait'),
      complete: 'none',
    },
  ],
  examples: [
    'adit role activate hamburg-sued --username federation',
    'adit role activate hamburg-sued --username federation --password-file - < password.txt',
    'adit role activate hamburg-sued               # with the account that it has already',
  ],
  run: async (call) => {
    const client = await call.api();
    const site = await findSite(client, call.args[0] ?? '');
    const role = await findRole(client, site, call.flags.role);
    const account = await accountOf(role, call);
    await client.patch(roleShape, `/federation-roles/${role.id}`, { ...account, enabled: true });
    const reached = await settled(client, role.id, call);
    call.out.done(reached, `${site.label}: ${role.name} is connected, ${reached.entityCount} entities`);
  },
});

/** A role that has an account keeps it unless another is named. @throws CliError `wrong-usage` */
const accountOf = async (role: Role, call: Call<ActivateFlags>): Promise<{ username?: string; password?: string }> => {
  const { username: given, passwordFile } = call.flags;
  if (given === undefined && passwordFile === undefined && role.username !== null) return {};
  const username = given ?? role.username ?? (await call.terminal.askText?.('Username at the site: '))?.trim();
  if (username === undefined || username === '') {
    throw new CliError(
      'wrong-usage',
      'the role has no account yet',
      'Give --username NAME: on site, adit-agent user add',
    );
  }
  return { username, password: await secretOf(passwordFile, `Password of ${username}`, '--password-file', call) };
};

/** @throws CliError `role-without-contact` for every other end, and when the time is over */
const settled = async (client: ApiClient, id: string, call: Call<ActivateFlags>): Promise<Role> => {
  const until = Date.now() + (call.flags.wait ?? DEFAULT_WAIT_S) * 1000;
  for (;;) {
    await delay(LOOK_EVERY_MS);
    const role = await client.get(roleShape, `/federation-roles/${id}`);
    call.out.progress(role.state);
    const isOver = Date.now() > until;
    if (!isOver && UNDER_WAY.includes(role.state)) continue;
    call.out.progress('');
    if (role.state === 'connected') return role;
    throw new CliError(
      'role-without-contact',
      `${role.name} is switched on, and ${role.state}${role.stateReason === null ? '' : `: ${role.stateReason}`}`,
      role.state === 'invalid-credentials'
        ? `Repeat it with the right account; on site, adit-agent user password ${role.username ?? 'NAME'} makes another password`
        : `It goes on trying; adit site diagnose ${role.siteLabel} says what is wrong`,
    );
  }
};

const disable = command<{ role?: string }>({
  path: 'role disable',
  summary: 'switches a federation role off; its account stays',
  args: [SITE_ARGUMENT],
  options: [ROLE_OPTION],
  examples: ['adit role disable hamburg-sued'],
  run: async ({ args: [reference = ''], flags, api, out }) => {
    const client = await api();
    const site = await findSite(client, reference);
    const { id, name } = await findRole(client, site, flags.role);
    const role = await client.patch(roleShape, `/federation-roles/${id}`, { enabled: false });
    out.done(role, `${site.label}: ${name} is switched off; adit role activate ${site.label} switches it on`);
  },
});

/** @throws CliError `role-unknown`, `name-ambiguous` */
const findRole = async (client: ApiClient, site: Site, reference: string | undefined): Promise<Role> => {
  const roles = await collect(client.list(roleShape, '/federation-roles', { siteId: site.id }));
  const fitting = roles.filter(({ id, name }) => reference === undefined || id === reference || name === reference);
  const [found, ...others] = fitting;
  if (found === undefined) {
    const what = reference === undefined ? 'role' : `role with the id or name ${reference}`;
    throw new CliError('role-unknown', `${site.label} has no ${what}`, `adit role list ${site.label} shows them`);
  }
  if (others.length === 0) return found;
  const ids = fitting.map(({ id, name }) => `${id} (${name})`).join(', ');
  throw new CliError('name-ambiguous', `${fitting.length} roles of ${site.label} fit`, `Say which with --role: ${ids}`);
};

export const ROLE_COMMANDS = [list, activate, disable];
