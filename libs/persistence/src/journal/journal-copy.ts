import { readFile } from 'node:fs/promises';
import { parseLine, type WrittenLine } from './journal-text.js';

/** One file of a journal, as it was found. */
export interface JournalCopy {
  path: string;
  /** Of the journal; empty where the head of the file is gone. */
  id: string;
  /** By their sums; what was written twice counts once. */
  lines: Map<string, WrittenLine>;
  /** Numbers of the lines in the file, from 1, by their sums. */
  places: Map<string, number>;
  /** Numbers of lines that were changed after they had been written. */
  changed: number[];
}

/** `undefined` when there is no such file. A last line without its end is what a crash leaves, and no damage. */
export async function readCopy(path: string): Promise<JournalCopy | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const copy: JournalCopy = { path, id: '', lines: new Map(), places: new Map(), changed: [] };
  const lines = text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .slice(0, -1);
  for (const [index, read] of lines.entries()) {
    const written = parseLine(read);
    if (written === undefined) copy.changed.push(index + 1);
    else {
      copy.lines.set(written.sum, written);
      copy.places.set(written.sum, index + 1);
      if ('format' in written.line) copy.id ||= written.line.id;
    }
  }
  return copy;
}

/** All that the copies know together, in the order in which it was written. */
export function unionOf(copies: readonly JournalCopy[]): Map<string, WrittenLine> {
  const all = new Map(copies.flatMap(({ lines }) => [...lines]));
  return new Map([...all].sort(([, a], [, b]) => a.line.i - b.line.i));
}

/** Where copies of one journal lost something that none of the others has: `path:line`. */
export function damageOf(copies: readonly JournalCopy[], union: ReadonlyMap<string, WrittenLine>): string[] {
  const damage: string[] = [];
  for (const { path, lines, places, changed } of copies) {
    // Where the others have as many lines, the changed ones are among them.
    if (union.size < lines.size + changed.length) damage.push(...changed.map((number) => `${path}:${number}`));
    for (const [sum, { line }] of lines) {
      if (!('format' in line) && !union.has(line.prev)) damage.push(`${path}:${places.get(sum)}`);
    }
  }
  // A file whose head is gone is not known to be whole.
  const hasHead = copies.some(({ id }) => id !== '');
  if (!hasHead && damage.length === 0) damage.push(...copies.map(({ path }) => `${path}:1`));
  return damage;
}
