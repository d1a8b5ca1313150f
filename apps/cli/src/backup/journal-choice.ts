import { type JournalContent, readJournal } from '@app/persistence';
import type { BackupHeader } from '../archive/backup-header.js';
import { CliError } from '../errors.js';

const WITHOUT =
  'Find it or another copy, or go on with --without-journal: then an operator approves every agent that the backup does not know';

/**
 * What the copies of the journal know together, when that is the one of the backup and holds all that it held then.
 * @throws CliError `journal-missing`, `journal-damaged`, `journal-foreign`
 */
export async function trustedJournal(paths: readonly string[], { journal }: BackupHeader): Promise<JournalContent> {
  const content = await readJournal(...paths);
  const places = paths.join(', ');
  if (content === undefined)
    throw new CliError('journal-missing', `there is no revocation journal at ${places}`, WITHOUT);
  if (content.damaged.length > 0) {
    const named = content.damaged.join(', ');
    throw new CliError('journal-damaged', `lines were changed, or are missing before these: ${named}`, WITHOUT);
  }
  if (content.id === '') throw new CliError('journal-foreign', `these are different journals: ${places}`, WITHOUT);
  if (journal !== null && (content.id !== journal.id || !content.sums.includes(journal.sum))) {
    throw new CliError(
      'journal-foreign',
      `${places} is not the journal of this backup, or an older copy of it`,
      WITHOUT,
    );
  }
  return content;
}
