import { text } from 'node:stream/consumers';
import { EXIT, type ExitCode } from '../errors.js';
import { UserStore } from '../users/user.store.js';
import type { CommandContext } from './command.context.js';
import { type Flags, stateToAddTo } from './settings.js';

export interface UserFlags extends Flags {
  passwordStdin?: boolean;
  json?: boolean;
}

/** Makes or replaces a federation account; a generated password is shown this once. */
export const addUser = async (name: string, flags: UserFlags, context: CommandContext): Promise<ExitCode> => {
  const { terminal } = context;
  const state = await stateToAddTo(flags, context.environment());
  const given = flags.passwordStdin === true ? (await text(terminal.input)).replace(/\r?\n$/, '') : undefined;
  const password = await new UserStore(state).add(name, given);
  if (flags.json === true) terminal.json({ username: name, ...(given === undefined ? { password } : {}) });
  else if (given !== undefined) terminal.print(`User ${name} is set.`);
  else {
    terminal.table([
      ['User', name],
      ['Password', password],
    ]);
    terminal.note('The password is shown this once; give both to the operator of the federation host.');
  }
  return EXIT.ok;
};
