import { AgentError, EXIT, type ExitCode } from '../errors.js';
import { describeKeyfile, keyfileJson } from '../keyfile/keyfile.description.js';
import { openKeyfile } from '../keyfile/keyfile.service.js';
import type { CommandContext } from './command.context.js';
import { type Flags, keyfileOrigin } from './settings.js';

/** Shows what is in a keyfile; neither network nor disk nor the keyfile itself notice. */
export const inspect = async (flags: Flags & { json?: boolean }, context: CommandContext): Promise<ExitCode> => {
  const { terminal } = context;
  const environment = context.environment();
  const opened = await openKeyfile(keyfileOrigin(flags, environment), terminal.input, {
    strict: flags.strict ?? environment.ADIT_STRICT,
    now: new Date(),
    warn: (message) => terminal.note(`warning: ${message}`),
  });
  if (opened === undefined) throw missingKeyfile();
  if (flags.json === true) terminal.json(keyfileJson(opened));
  else terminal.table(describeKeyfile(opened));
  return EXIT.ok;
};

export const missingKeyfile = (): AgentError =>
  new AgentError(
    'keyfile-missing',
    'No keyfile was given',
    'Name the file, or - to paste it; or set ADIT_KEYFILE_FILE or ADIT_KEYFILE',
  );
