import { type JournalContent, readJournal } from '@app/persistence';
import type { BackupHeader } from '../archive/backup-header.js';
import { CliError } from '../errors.js';

const WITHOUT =
  'Find it, or go on with --without-journal: then an operator approves every agent that the backup does not know';

/**
 * The journal that belongs to a backup: the same one, at least as long as it was when the backup was taken.
 * @throws CliError `journal-missing`, `journal-damaged`, `journal-foreign`
 */
export async function trustedJournal(path: string, { journal }: BackupHeader): Promise<JournalContent> {
  const content = await readJournal(path);
  if (content === undefined)
    throw new CliError('journal-missing', `there is no revocation journal at ${path}`, WITHOUT);
  if (content.damaged.length > 0) {
    throw new CliError('journal-damaged', `${path} was changed in line ${content.damaged.join(', ')}`, WITHOUT);
  }
  if (journal !== null && (content.id !== journal.id || content.bytes < journal.bytes)) {
    throw new CliError('journal-foreign', `${path} is not the journal of this backup, or an older copy of it`, WITHOUT);
  }
  return content;
}
