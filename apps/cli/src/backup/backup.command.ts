import type { Command } from 'commander';
import { newIdentity } from '../archive/backup-key.js';
import type { CommandContext, RegisterCommand } from '../cli/command.js';
import { CliError, EXIT, type ExitCode } from '../errors.js';
import { writeNewFile } from '../files/output-file.js';
import { type KeyFlags, openingKey, sealingKey } from './keys.js';
import { findPlaces, type PlaceFlags } from './places.js';
import { BackupFile } from './read-backup.js';
import { takeBackup } from './take-backup.js';

type Flags = PlaceFlags & KeyFlags & { output?: string; json?: boolean; verify?: boolean };

const HELP = `
Examples:
  adit backup keygen --output backup-key.txt          once; keep the file away from this machine
  adit backup --output adit-2026-11-25.backup --recipient age1…
  adit backup inspect adit-2026-11-25.backup --verify --identity backup-key.txt
ADIT_OWNER_DATABASE_URL names the database; else that of the launcher in --home is taken.`;

/** @param command also takes the places of the deployment */
export const withPlaces = (command: Command): Command =>
  command
    .option('--home <dir>', "the launcher's folder (ADIT_HOME; .adit)")
    .option('--ca <dir>', "the issuer's ca folder (<home>/issuer/ca)")
    .option('--secrets <dir>', "folder with the apps' secrets (<home>/secrets)")
    .option('--public-keys <file>', 'public-keys.json (<home>/public-keys.json)')
    .option('--journal <file>', 'revocation journal (ADIT_REVOCATION_JOURNAL; <home>/issuer/revocation.journal)');

const collect = (value: string, before: string[] = []): string[] => [...before, value];

export const withPassphrase = (command: Command): Command =>
  command.option('--passphrase-file <file>', 'passphrase, 0600 (ADIT_BACKUP_PASSPHRASE_FILE)');

export const withIdentity = (command: Command): Command =>
  withPassphrase(command).option('--identity <file>', 'secret key of age, 0600; may be repeated', collect);

export const registerBackup: RegisterCommand = (program, context, finish) => {
  const command = withPassphrase(withPlaces(program.command('backup')))
    .description('write database, CA keys and secrets into one encrypted file')
    .option('--output <file>', 'the new file')
    .option('--recipient <age1…>', 'public key that it is encrypted to; may be repeated', collect)
    .option('--json', 'as JSON')
    .addHelpText('after', HELP)
    .action((flags: Flags) => finish(backup(flags, context)));
  withIdentity(command.command('inspect').argument('<file>'))
    .description('show what a backup says about itself; with --verify read all of it')
    .option('--verify', 'decrypt and check everything')
    .action((file: string, _flags: Flags, own: Command) =>
      finish(inspect(file, own.optsWithGlobals<Flags>(), context)),
    );
  command
    .command('keygen')
    .description('make a key pair: backups are encrypted to its public half')
    .action((_flags: Flags, own: Command) => finish(keygen(own.optsWithGlobals<Flags>(), context)));
};

const backup = async (flags: Flags, context: CommandContext): Promise<ExitCode> => {
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
  if (header.journal === null) terminal.note(`warning: there is no revocation journal at ${places.journal}`);
  return EXIT.ok;
};

const inspect = async (path: string, flags: Flags, context: CommandContext): Promise<ExitCode> => {
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
      ['Journal', journal === null ? 'none' : `${journal.id} at ${journal.bytes} bytes`],
      ['Content', contents === undefined ? 'not checked: --verify reads all of it' : describe(contents)],
    ]);
  }
  return EXIT.ok;
};

const describe = ({ files, tables }: Awaited<ReturnType<BackupFile['verify']>>): string =>
  `whole: ${files.length} files, ${tables.length} tables, ${tables.reduce((sum, { rows }) => sum + rows, 0)} rows`;

const keygen = async (flags: Flags, { terminal, signal }: CommandContext): Promise<ExitCode> => {
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

const requireOutput = ({ output }: Flags): string => {
  if (output === undefined) throw new CliError('backup-unwritable', 'no file is named', 'Name it with --output');
  return output;
};
