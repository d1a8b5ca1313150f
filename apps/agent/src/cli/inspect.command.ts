import type { Terminal } from '@app/terminal';
import { AgentError, EXIT, type ExitCode } from '../errors.js';
import { describeKeyfile, describeSealed, keyfileJson, sealedJson } from '../keyfile/keyfile.description.js';
import {
  type LoadedKeyfile,
  loadKeyfile,
  type OpenedKeyfile,
  unsealKeyfile,
  verifyKeyfile,
} from '../keyfile/keyfile.service.js';
import type { PassphraseSource } from '../keyfile/passphrase.source.js';
import type { CommandContext } from './command.context.js';
import { accessOf, type Flags, keyfileOrigin, passphraseSource } from './settings.js';

/** Shows what is in a keyfile; neither network nor disk nor the keyfile itself notice. */
export const inspect = async (flags: Flags & { json?: boolean }, context: CommandContext): Promise<ExitCode> => {
  const { terminal } = context;
  const environment = context.environment();
  const access = accessOf(flags, { terminal, environment });
  const loaded = await loadKeyfile(keyfileOrigin(flags, environment), terminal.input, access);
  if (loaded === undefined) throw missingKeyfile();
  const opened = await openLoaded(loaded, passphraseSource(flags, { terminal, environment }));
  if (opened === undefined) return showOutside(loaded, flags.json === true, terminal);
  if (flags.json === true) terminal.json(keyfileJson(opened));
  else terminal.table(describeKeyfile(opened));
  return EXIT.ok;
};

/** @returns undefined for a sealed keyfile whose passphrase nobody gives */
const openLoaded = async (
  { bytes, sealed }: LoadedKeyfile,
  passphrase: PassphraseSource,
): Promise<OpenedKeyfile | undefined> => {
  if (sealed === undefined) return verifyKeyfile(bytes, new Date());
  return await passphrase.openIfGiven((given) => unsealKeyfile(sealed, given, new Date()));
};

const showOutside = ({ sealed }: LoadedKeyfile, asJson: boolean, terminal: Terminal): ExitCode => {
  if (sealed === undefined) throw missingKeyfile();
  if (asJson) terminal.json(sealedJson(sealed));
  else terminal.table(describeSealed(sealed));
  return EXIT.ok;
};

export const missingKeyfile = (): AgentError =>
  new AgentError(
    'keyfile-missing',
    'No keyfile was given',
    'Name the file, or - to paste it; or set ADIT_KEYFILE_FILE or ADIT_KEYFILE',
  );
