import { newIdentity } from '../archive/backup-key.js';
import { CliError, EXIT, type ExitCode } from '../errors.js';
import { writeNewFile } from '../files/output-file.js';
import type { CommandContext } from './command.context.js';
import { type KeyFlags, openingKey, sealingKey } from './keys.js';
import { findPlaces, type PlaceFlags } from './places.js';
import { BackupFile } from './read-backup.js';
import { takeBackup } from './take-backup.js';

export type BackupFlags = PlaceFlags & KeyFlags & { output?: string; json?: boolean; verify?: boolean };

/** Takes a backup. */
export const backup = async (flags: BackupFlags, context: CommandContext): Promise<ExitCode> => {
  const { terminal, signal } = context;
  const output = requireOutput(flags);
  const places = await findPlaces(flags, context.environment());
  const key = await sealingKey(flags, context);
  const progress = (text: string): void => terminal.progress(text);
  const { header, bytes } = await takeBackup({ places, output, key, signal, progress });
  terminal.progress('');
  const { deployment, takenAt } = header;
  if (flags.json === true) terminal.json({ file: output, bytes, ...header });
  else terminal.print(`${output}: deployment ${deployment} at ${takenAt}, ${bytes} bytes`);
  if (header.journal === null)
    terminal.note(`warning: there is no revocation journal at ${places.journals.join(', ')}`);
  return EXIT.ok;
};

/** Shows what a backup says about itself; with `--verify` all of it is read. */
export const inspect = async (path: string, flags: BackupFlags, context: CommandContext): Promise<ExitCode> => {
  const { terminal } = context;
  const file = await BackupFile.open(path);
  const contents =
    flags.verify === true
      ? await file.verify(await openingKey(flags, context), (text) => terminal.progress(text))
      : undefined;
  terminal.progress('');
  const { deployment, takenAt, version, migrations, journal } = file.header;
  if (flags.json === true) terminal.json({ ...file.header, verified: contents !== undefined, ...contents });
  else {
    terminal.table([
      ['Deployment', deployment],
      ['Taken at', takenAt],
      ['By version', version],
      ['Schema', migrations.at(-1) ?? 'none'],
      ['Journal', journal === null ? 'none' : `${journal.id} at line ${journal.lines}`],
      ['Content', contents === undefined ? 'not checked: --verify reads all of it' : describe(contents)],
    ]);
  }
  return EXIT.ok;
};

const describe = ({ files, tables }: Awaited<ReturnType<BackupFile['verify']>>): string =>
  `whole: ${files.length} files, ${tables.length} tables, ${tables.reduce((sum, { rows }) => sum + rows, 0)} rows`;

/** Makes a key pair for backups. */
export const keygen = async (flags: BackupFlags, { terminal, signal }: CommandContext): Promise<ExitCode> => {
  const output = requireOutput(flags);
  const { identity, recipient } = await newIdentity();
  const lines = async function* (): AsyncGenerator<Buffer> {
    yield Buffer.from(`# public key: ${recipient}\n${identity}\n`);
  };
  await writeNewFile(output, lines(), signal);
  terminal.print(recipient);
  terminal.note(`${output} opens every backup to this key: keep it away from this machine`);
  return EXIT.ok;
};

const requireOutput = ({ output }: BackupFlags): string => {
  if (output === undefined) throw new CliError('backup-unwritable', 'no file is named', 'Name it with --output');
  return output;
};
