import { type Afterwards, type JournalContent, restoreDatabase, type RestoreTarget } from '@app/persistence';
import type { ArchiveItem } from '../archive/archive.js';
import type { OpeningKey } from '../archive/backup-key.js';
import { CliError } from '../errors.js';
import { StagedFiles } from '../files/staged-files.js';
import { FOLDERS, type FolderName, type Places } from './places.js';
import type { BackupFile } from './read-backup.js';

export interface RestoreOrder {
  backup: BackupFile;
  key: OpeningKey;
  places: Places;
  /** Undefined: agents that the backup does not know will wait for an operator. */
  journal: JournalContent | undefined;
  replace: boolean;
  signal: AbortSignal;
  progress: (text: string) => void;
}

/**
 * Keys are put in place before the database commits: cut off in between, the database is as before, the keys are where
 * they belong, and the same restore can be run again.
 */
export async function restoreBackup(order: RestoreOrder): Promise<Afterwards> {
  const { backup, places, journal, replace, signal } = order;
  const staged = new StagedFiles(new Date().toISOString().replaceAll(/[:.]/g, '-'));
  try {
    return await restoreDatabase(places.databaseUrl, { replace }, async (target) => {
      const sequences = await pour(order, target, staged);
      signal.throwIfAborted();
      const takenAt = new Date(backup.header.takenAt);
      const afterwards = await target.complete(sequences, { takenAt, journal });
      await staged.requirePlaces(replace);
      signal.throwIfAborted();
      await staged.place();
      return afterwards;
    });
  } finally {
    await staged.discard();
  }
}

type Sequences = Extract<ArchiveItem, { kind: 'sequences' }>['sequences'];

async function pour(order: RestoreOrder, target: RestoreTarget, staged: StagedFiles): Promise<Sequences> {
  const { backup, key, places, signal, progress } = order;
  let sequences: Sequences = [];
  await target.prepare(backup.header.migrations);
  for await (const item of backup.items(key)) {
    signal.throwIfAborted();
    if (item.kind === 'sequences') sequences = item.sequences;
    else if (item.kind === 'file') await staged.add(placeOf(places, item.head.folder), item.head.path, item.content);
    else {
      progress(`restoring ${item.head.name}`);
      await target.fill(item.head, item.content);
    }
  }
  return sequences;
}

function placeOf(places: Places, folder: string): string {
  const known = FOLDERS.find((name): name is FolderName => name === folder);
  if (known === undefined) throw new CliError('backup-damaged', `the backup has a folder of no meaning: ${folder}`);
  return places.folders[known];
}
