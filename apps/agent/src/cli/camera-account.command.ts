import { EXIT, AgentError, type ExitCode } from '../errors.js';
import { openCameras } from './camera.command.js';
import { askPassword, type PasswordFlags } from './camera-password.js';
import type { CommandContext } from './command.context.js';
import type { Flags } from './settings.js';

export interface AccountFlags extends Flags, PasswordFlags {
  recordings?: boolean;
  json?: boolean;
}

/** Sets the account of a camera; a running agent uses it within two seconds. */
export const setPassword = async (id: string, flags: AccountFlags, context: CommandContext): Promise<ExitCode> => {
  const { terminal } = context;
  const cameras = await openCameras(flags, context);
  const known = (await cameras.read()).find(({ entry }) => entry.id === id);
  if (known === undefined)
    throw new AgentError('camera-invalid', `The list has no camera ${id}`, 'adit-agent camera list shows them');
  const { entry } = known;
  const part = flags.recordings === true ? 'recordings' : 'streams';
  const place = part === 'streams' ? entry.streams[0] : entry.recordings;
  if (place === undefined) throw new AgentError('camera-invalid', `Camera ${id} has no recordings`);
  const user = flags.user ?? place.username;
  if (user === undefined) throw new AgentError('camera-invalid', `Camera ${id} has no account yet`, 'Name it: --user');
  await cameras.change(entry, part, { user, password: await askPassword(user, flags, terminal) });
  terminal.print(`The account of camera ${id} is set.`);
  return EXIT.ok;
};

/** Moves the accounts that stand in the list into the encrypted store. */
export const importAccounts = async (flags: AccountFlags, context: CommandContext): Promise<ExitCode> => {
  const { terminal } = context;
  const moved = await (await openCameras(flags, context)).moveAccounts();
  if (flags.json === true) terminal.json({ moved });
  else if (moved.length === 0) terminal.print('The list holds no passwords.');
  else terminal.print(`The accounts of ${moved.length} cameras are in the encrypted store now: ${moved.join(', ')}`);
  return EXIT.ok;
};
