import { CliError, EXIT, type ExitCode } from '../errors.js';
import type { CommandContext } from './command.context.js';
import { trustedJournal } from './journal-choice.js';
import { type KeyFlags, openingKey } from './keys.js';
import { findPlaces, type PlaceFlags, type Places } from './places.js';
import { BackupFile } from './read-backup.js';
import { restoreBackup, type RestoreOrder } from './restore-backup.js';

export interface RestoreFlags extends PlaceFlags, KeyFlags {
  /** `--without-journal`. */
  withoutJournal?: boolean;
  replace?: boolean;
  confirm?: string;
  json?: boolean;
}

/** Brings a backup back. */
export const restore = async (path: string, flags: RestoreFlags, context: CommandContext): Promise<ExitCode> => {
  const { terminal, signal } = context;
  const backup = await BackupFile.open(path);
  const places = await findPlaces(flags, context.environment());
  const key = await openingKey(flags, context);
  const journal = await chooseJournal(flags, places, backup);
  if (flags.replace === true) await confirm(backup.header.deployment, flags, context);
  const progress = (text: string): void => terminal.progress(text);
  await backup.verify(key, progress);
  const afterwards = await restoreBackup({
    ...{ backup, key, places, journal, signal, progress },
    replace: flags.replace === true,
  });
  terminal.progress('');
  if (flags.json === true) terminal.json({ ...backup.header, ...afterwards, journal: afterwards.journal ?? null });
  else terminal.table(report(backup, afterwards));
  return EXIT.ok;
};

const chooseJournal = async (
  flags: RestoreFlags,
  { journals }: Places,
  backup: BackupFile,
): Promise<RestoreOrder['journal']> =>
  flags.withoutJournal === true ? undefined : await trustedJournal(journals, backup.header);

const confirm = async (deployment: string, flags: RestoreFlags, { terminal }: CommandContext): Promise<void> => {
  const question = `Everything in the database is given up. Type the deployment's name to go on: `;
  const typed = flags.confirm ?? (await terminal.askText?.(question))?.trim();
  if (typed === deployment) return;
  throw new CliError(
    'not-confirmed',
    `the deployment's name was not given: nothing was changed`,
    `It is --confirm ${deployment}`,
  );
};

const report = (
  backup: BackupFile,
  { recoveryId, journal, revokedKeyfiles }: Awaited<ReturnType<typeof restoreBackup>>,
): string[][] => [
  ['Restored', `deployment ${backup.header.deployment} as of ${backup.header.takenAt}`],
  ['Recovery', `${recoveryId}: open until it is closed`],
  ...(journal === undefined
    ? [
        ['Journal', 'none: agents that are not known wait for an approval'],
        ['Keyfiles', `${revokedKeyfiles} open ones were revoked`],
      ]
    : [
        ['Journal', `${journal.events} events, ${journal.inDoubt} of them without an end`],
        [
          'Revoked again',
          `${journal.agentsRevoked} agents, ${journal.keyfilesRevoked} keyfiles; ${journal.agentsDenied} unknown agents stay out`,
        ],
        ['Claimed again', `${journal.keyfilesClaimed} keyfiles`],
      ]),
  ['Ended', 'every sign-in, API token and view ticket'],
];
