import { readFile } from 'node:fs/promises';
import type { JournalEvent } from './journal-event.js';
import { parseLine } from './journal-text.js';

export interface JournalContent {
  id: string;
  /** In order; what was rolled back is left out. */
  events: (JournalEvent & { at: Date })[];
  /** Events whose end nobody noted: they count as having happened. */
  inDoubt: number;
  /** Lines, counted from 1, that were changed after they had been written. */
  damaged: number[];
  bytes: number;
}

/** `undefined` when there is no such file. A last line without its end is what a crash leaves, and no damage. */
export async function readJournal(path: string): Promise<JournalContent | undefined> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const text = bytes.toString('utf8');
  return contentOf(
    text
      .slice(0, text.lastIndexOf('\n') + 1)
      .split('\n')
      .slice(0, -1),
    bytes.length,
  );
}

function contentOf(lines: string[], bytes: number): JournalContent {
  const content: JournalContent = { id: '', events: [], inDoubt: 0, damaged: [], bytes };
  const noted = new Map<string, JournalEvent & { at: Date }>();
  const ends = new Map<string, 'committed' | 'rolled-back'>();
  for (const [index, text] of lines.entries()) {
    const line = parseLine(text);
    if (line === undefined) content.damaged.push(index + 1);
    else if ('format' in line) content.id ||= line.id;
    else if ('outcome' in line) ends.set(line.n, line.outcome);
    else noted.set(line.n, { ...line.event, at: new Date(line.at) });
  }
  // A file whose head is gone is not known to be whole.
  if (content.id === '' && content.damaged.length === 0) content.damaged.push(1);
  content.events = [...noted].filter(([n]) => ends.get(n) !== 'rolled-back').map(([, event]) => event);
  content.inDoubt = [...noted.keys()].filter((n) => !ends.has(n)).length;
  return content;
}
