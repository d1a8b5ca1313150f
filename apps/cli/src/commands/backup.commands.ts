import type { BackupFlags } from '../backup/backup.command.js';
import type { CommandContext } from '../backup/command.context.js';
import type { RestoreFlags } from '../backup/restore.command.js';
import type { ExitCode } from '../errors.js';
import { type Call, command, type OptionSpec } from '../program/command.js';

/** These work on the machine of the cloud itself, beside the REST API: with the database, the CA's keys and the secrets. */
const PLACES: readonly OptionSpec[] = [
  { flags: '--home <dir>', summary: "the launcher's folder (ADIT_HOME; .adit)", complete: 'file' },
  { flags: '--ca <dir>', summary: "the issuer's ca folder (<home>/issuer/ca)", complete: 'file' },
  { flags: '--secrets <dir>', summary: "folder with the apps' secrets (<home>/secrets)", complete: 'file' },
  { flags: '--public-keys <file>', summary: 'public-keys.json (<home>/public-keys.json)', complete: 'file' },
  {
    flags: '--journal <file>',
    summary: 'revocation journal, copies after commas (ADIT_REVOCATION_JOURNAL; <home>/issuer/revocation.journal)',
    complete: 'file',
  },
];
const PASSPHRASE: OptionSpec = {
  flags: '--passphrase-file <file>',
  summary: 'passphrase, 0600 (ADIT_BACKUP_PASSPHRASE_FILE)',
  complete: 'file',
};
const IDENTITY: OptionSpec = {
  flags: '--identity <file>',
  summary: 'secret key of age, 0600; may be repeated',
  repeat: true,
  complete: 'file',
};
const FILE = { name: '<file>', summary: 'the backup', complete: 'file' } as const;

const contextOf = ({ terminal, environment, signal }: Call): CommandContext => ({
  terminal,
  environment: () => environment,
  signal,
});

/** What is needed is loaded only now: every other command starts without a database. */
const running =
  <Flags>(work: (call: Call<Flags>) => Promise<ExitCode>) =>
  async (call: Call<Flags>): Promise<ExitCode> => {
    try {
      return await work(call);
    } catch (error) {
      throw (await import('../backup/failure.js')).backupFailure(error, call.signal);
    }
  };

const backup = command<BackupFlags>({
  path: 'backup',
  summary: 'write database, CA keys and secrets into one encrypted file; on the machine of the cloud',
  options: [
    ...PLACES,
    PASSPHRASE,
    { flags: '--output <file>', summary: 'the new file', complete: 'file' },
    { flags: '--recipient <age1…>', summary: 'public key that it is encrypted to; may be repeated', repeat: true },
  ],
  examples: ['adit backup --output adit-2026-11-25.backup --recipient age1…'],
  handlesInterrupt: true,
  run: running(async (call) => (await import('../backup/backup.command.js')).backup(call.flags, contextOf(call))),
});

const keygen = command<BackupFlags>({
  path: 'backup keygen',
  summary: 'make a key pair: backups are encrypted to its public half',
  options: [{ flags: '--output <file>', summary: 'the new file', complete: 'file' }],
  examples: ['adit backup keygen --output backup-key.txt          once; keep the file away from this machine'],
  handlesInterrupt: true,
  run: running(async (call) => (await import('../backup/backup.command.js')).keygen(call.flags, contextOf(call))),
});

const inspect = command<BackupFlags>({
  path: 'backup inspect',
  summary: 'show what a backup says about itself; with --verify read all of it',
  args: [FILE],
  options: [PASSPHRASE, IDENTITY, { flags: '--verify', summary: 'decrypt and check everything' }],
  examples: ['adit backup inspect adit-2026-11-25.backup --verify --identity backup-key.txt'],
  handlesInterrupt: true,
  run: running(async (call) =>
    (await import('../backup/backup.command.js')).inspect(call.args[0] ?? '', call.flags, contextOf(call)),
  ),
});

const restore = command<RestoreFlags>({
  path: 'restore',
  summary: 'bring a backup back into an empty database; on the machine of the cloud, with its apps stopped',
  args: [FILE],
  options: [
    ...PLACES,
    PASSPHRASE,
    IDENTITY,
    {
      flags: '--without-journal',
      summary: 'go on without the revocation journal: agents that are not known wait for an approval',
    },
    { flags: '--replace', summary: 'give up what the database holds, and move other keys aside' },
    {
      flags: '--confirm <deployment>',
      summary: "with --replace: the deployment's name, where nobody can be asked",
      complete: 'none',
    },
  ],
  examples: [
    'adit restore adit-2026-11-25.backup --identity backup-key.txt',
    'adit restore adit-2026-11-25.backup --identity backup-key.txt --journal /mnt/other/revocation.journal',
  ],
  handlesInterrupt: true,
  run: running(async (call) =>
    (await import('../backup/restore.command.js')).restore(call.args[0] ?? '', call.flags, contextOf(call)),
  ),
});

export const BACKUP_COMMANDS = [backup, inspect, keygen, restore];
