import { text } from 'node:stream/consumers';
import { AgentError, EXIT, type ExitCode } from '../errors.js';
import { type AccountRights, DEFAULT_RIGHTS, RIGHTS, type Right } from '../users/rights.js';
import { UserStore } from '../users/user.store.js';
import type { CommandContext } from './command.context.js';
import { type Flags, stateToAddTo } from './settings.js';

export interface RightsFlags extends Flags {
  allow?: string;
  cameras?: string;
  areas?: string;
  level?: string;
  json?: boolean;
}

export interface UserFlags extends RightsFlags {
  passwordStdin?: boolean;
}

/** Makes or replaces a federation account; a generated password is shown this once. */
export const addUser = async (name: string, flags: UserFlags, context: CommandContext): Promise<ExitCode> => {
  const rights = readRights(flags);
  const store = await openStore(flags, context);
  const given = await givenPassword(flags, context);
  const wasThere = (await store.list()).some((user) => user.name === name);
  const password = await store.add(name, given, rights);
  tellPassword(name, given, password, flags, context);
  if (flags.json === true) return EXIT.ok;
  context.terminal.note(`It may: ${describe(rights)}`);
  if (wasThere) {
    context.terminal.note(
      'An account of this name was there: its rights are replaced, and hosts that use it need the new password.',
    );
  }
  return EXIT.ok;
};

/** Replaces what an account may do; hosts that are connected follow within seconds. */
export const allowUser = async (name: string, flags: RightsFlags, context: CommandContext): Promise<ExitCode> => {
  const rights = readRights(flags);
  await (await openStore(flags, context)).allow(name, rights);
  if (flags.json === true) context.terminal.json({ username: name, ...rights });
  else context.terminal.print(`User ${name} may: ${describe(rights)}`);
  return EXIT.ok;
};

export const setUserPassword = async (name: string, flags: UserFlags, context: CommandContext): Promise<ExitCode> => {
  const store = await openStore(flags, context);
  const given = await givenPassword(flags, context);
  tellPassword(name, given, await store.setPassword(name, given), flags, context);
  return EXIT.ok;
};

export const removeUser = async (name: string, flags: UserFlags, context: CommandContext): Promise<ExitCode> => {
  await (await openStore(flags, context)).remove(name);
  if (flags.json === true) context.terminal.json({ username: name });
  else context.terminal.print(`User ${name} is removed.`);
  return EXIT.ok;
};

export const listUsers = async (flags: UserFlags, context: CommandContext): Promise<ExitCode> => {
  const { terminal } = context;
  const users = await (await openStore(flags, context)).list();
  if (flags.json === true) {
    terminal.json(users.map(({ name, hash: _hash, ...rest }) => ({ username: name, ...rest })));
  } else if (users.length === 0) {
    terminal.note('There is no federation account: adit-agent user add NAME');
  } else {
    terminal.table(users.map((user) => [user.name, describe(user)]));
  }
  return EXIT.ok;
};

const openStore = async (flags: Flags, context: CommandContext): Promise<UserStore> =>
  new UserStore(await stateToAddTo(flags, context.environment()));

const givenPassword = async (flags: UserFlags, { terminal }: CommandContext): Promise<string | undefined> =>
  flags.passwordStdin === true ? (await text(terminal.input)).replace(/\r?\n$/, '') : undefined;

const tellPassword = (
  name: string,
  given: string | undefined,
  password: string,
  flags: UserFlags,
  { terminal }: CommandContext,
): void => {
  if (flags.json === true) terminal.json({ username: name, ...(given === undefined ? { password } : {}) });
  else if (given !== undefined) terminal.print(`User ${name} is set.`);
  else {
    terminal.table([
      ['User', name],
      ['Password', password],
    ]);
    terminal.note('The password is shown this once; give both to the operator of the federation host.');
  }
};

const MAX_NAMED = 1_000;
/** In the place of a list of rights. */
const EVERY = 'all';

/** @throws AgentError `user-invalid` */
const readRights = ({ allow, cameras, areas, level }: RightsFlags): AccountRights => ({
  allow:
    allow === undefined
      ? [...DEFAULT_RIGHTS]
      : allow.trim() === EVERY
        ? [...RIGHTS]
        : [...new Set(split(allow).map(toRight))],
  ...(cameras === undefined ? {} : { cameras: named(cameras, '--cameras') }),
  ...(areas === undefined ? {} : { areas: named(areas, '--areas') }),
  level: level === undefined ? 1 : toLevel(level),
});

const split = (list: string): string[] =>
  list
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');

const toRight = (word: string): Right => {
  const found = RIGHTS.find((right) => right === word);
  if (found === undefined)
    throw new AgentError('user-invalid', `--allow knows ${RIGHTS.join(', ')} and ${EVERY}, not ${word}`);
  return found;
};

const named = (list: string, flag: string): string[] => {
  const ids = split(list);
  if (ids.length > 0 && ids.length <= MAX_NAMED && ids.every((id) => id.length <= 200)) return ids;
  throw new AgentError('user-invalid', `${flag} takes 1 to ${MAX_NAMED} ids, separated by commas`);
};

const toLevel = (text: string): number => {
  const level = Number(text);
  if (Number.isInteger(level) && level >= 1 && level <= 254) return level;
  throw new AgentError('user-invalid', '--level is 1 (the highest) to 254 (the lowest)');
};

const describe = ({ allow, cameras, areas, level }: AccountRights): string =>
  [
    allow.length === 0 ? 'see entities only' : allow.join(', '),
    ...(cameras === undefined ? [] : [`cameras ${cameras.join(', ')}`]),
    ...(areas === undefined ? [] : [`areas ${areas.join(', ')}`]),
    ...(level === 1 ? [] : [`level ${level}`]),
  ].join('; ');
