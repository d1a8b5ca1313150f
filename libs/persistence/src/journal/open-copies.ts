import { randomUUID } from 'node:crypto';
import { rename } from 'node:fs/promises';
import { damageOf, type JournalCopy, readCopy, unionOf } from './journal-copy.js';
import { JOURNAL_FORMAT } from './journal-event.js';
import { JournalFile } from './journal-file.js';
import { formatLine, type WrittenLine } from './journal-text.js';

/** Told of a copy that could not be written while another could, or that is not whole. */
export type CopyFailed = (path: string, error: unknown) => void;

export interface OpenCopies {
  files: JournalFile[];
  /** The newest line: the next one follows it. */
  head: WrittenLine;
}

/**
 * Opens the copies of one journal and gives each what it has missed. A copy with changed lines is put aside once the others have
 * what is in it. @throws Error for files of different journals; errors of node:fs when one cannot be opened
 */
export async function openCopies(paths: readonly string[], copyFailed: CopyFailed): Promise<OpenCopies> {
  const copies = (await Promise.all(paths.map(readCopy))).filter((copy) => copy !== undefined);
  requireOneJournal(copies);
  const union = unionOf(copies);
  const used = copies.filter(({ lines, changed }) => lines.size + changed.length > 0);
  const damage = used.length === 0 ? [] : damageOf(used, union);
  if (union.size === 0) {
    const first = formatLine({ format: JOURNAL_FORMAT, v: 1, id: randomUUID(), i: 0, prev: '' });
    union.set(first.sum, first);
  }
  for (const place of damage) copyFailed(place, new Error('the revocation journal has lost lines here'));
  for (const copy of damage.length === 0 ? copies : []) await putAside(copy, copyFailed);
  const files = await Promise.all(paths.map((path) => JournalFile.open(path)));
  await Promise.all(files.map((file) => complete(file, union, copyFailed)));
  const newest = [...union.values()].at(-1);
  if (newest === undefined) throw new Error('a journal has a first line');
  return { files, head: newest };
}

async function putAside({ path, changed }: JournalCopy, copyFailed: CopyFailed): Promise<void> {
  if (changed.length === 0) return;
  const aside = `${path}.damaged-${Date.now()}`;
  await rename(path, aside);
  copyFailed(path, new Error(`lines were changed: it is ${aside} now, and made anew from the other copies`));
}

/** Read again, since a line that was cut off and one that was put aside are not in the file any more. */
async function complete(
  file: JournalFile,
  union: ReadonlyMap<string, WrittenLine>,
  copyFailed: CopyFailed,
): Promise<void> {
  const has = (await readCopy(file.path))?.lines;
  const lacking = [...union].filter(([sum]) => has?.has(sum) !== true).map(([, { text }]) => text);
  try {
    await file.append(lacking);
  } catch (error) {
    file.owe(lacking);
    copyFailed(file.path, error);
  }
}

function requireOneJournal(copies: readonly JournalCopy[]): void {
  const [first, other] = new Map(copies.filter(({ id }) => id !== '').map(({ id, path }) => [id, path])).values();
  if (other === undefined) return;
  throw new Error(
    `${first} and ${other} are different revocation journals, no copies: move the one away that is not this deployment's`,
  );
}
