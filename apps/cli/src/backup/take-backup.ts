import { readJournal, Snapshot } from '@app/persistence';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { type ArchiveItem, writeArchive } from '../archive/archive.js';
import { type BackupHeader, formatHeader } from '../archive/backup-header.js';
import { sealed, type SealingKey } from '../archive/backup-key.js';
import { requireFree, writeNewFile } from '../files/output-file.js';
import { filesBelow } from '../files/staged-files.js';
import { CLI_VERSION } from '../version.js';
import { deploymentOf, FOLDERS, NOT_OF_THE_DEPLOYMENT, type Places } from './places.js';

export interface BackupOrder {
  places: Places;
  output: string;
  key: SealingKey;
  signal: AbortSignal;
  progress: (text: string) => void;
}

export interface TakenBackup {
  header: BackupHeader;
  bytes: number;
}

/**
 * One file with everything that cannot be made again. The journal's place is read before the snapshot and the keys after
 * it: what happens in between is in both, or harmless.
 */
export async function takeBackup({ places, output, key, signal, progress }: BackupOrder): Promise<TakenBackup> {
  await requireFree(output);
  const deployment = await deploymentOf(places.folders.ca);
  const journal = await readJournal(...places.journals);
  const snapshot = await Snapshot.open(places.databaseUrl);
  try {
    const header: BackupHeader = {
      deployment,
      takenAt: snapshot.takenAt.toISOString(),
      version: CLI_VERSION,
      migrations: [...snapshot.migrations],
      journal:
        journal === undefined ? null : { id: journal.id, lines: journal.sums.length, sum: journal.sums.at(-1) ?? '' },
    };
    const text = formatHeader(header);
    const body = await sealed(writeArchive(itemsOf(text, snapshot, places, progress)), key);
    const bytes = await writeNewFile(output, headThenBody(text, body), signal);
    return { header, bytes };
  } finally {
    await snapshot.close();
  }
}

async function* headThenBody(text: string, body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
  yield* body;
}

async function* itemsOf(
  header: string,
  snapshot: Snapshot,
  places: Places,
  progress: (text: string) => void,
): AsyncGenerator<ArchiveItem> {
  yield { kind: 'header', text: header };
  for (const folder of FOLDERS) {
    const root = places.folders[folder];
    for (const path of await filesBelow(root, NOT_OF_THE_DEPLOYMENT)) {
      yield { kind: 'file', head: { folder, path }, content: createReadStream(join(root, path)) };
    }
  }
  for (const [index, table] of snapshot.tables.entries()) {
    progress(`table ${index + 1} of ${snapshot.tables.length}: ${table.name}`);
    yield { kind: 'table', head: table, content: snapshot.read(table) };
  }
  yield { kind: 'sequences', sequences: [...snapshot.sequences] };
}
