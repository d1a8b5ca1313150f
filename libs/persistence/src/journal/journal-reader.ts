import { damageOf, type JournalCopy, readCopy, unionOf } from './journal-copy.js';
import type { JournalEvent } from './journal-event.js';
import type { WrittenLine } from './journal-text.js';

type Noted = JournalEvent & { at: Date };

export interface JournalContent {
  id: string;
  /** In order; what was rolled back is left out. */
  events: Noted[];
  /** Events whose end nobody noted: they count as having happened, but for an unlocking. */
  inDoubt: number;
  /** Lines that were changed after they had been written, or before which others are missing: `path:line`. */
  damaged: string[];
  /** Sums of the lines, in order: whoever knows the last one of a time can tell whether all of that time is there. */
  sums: string[];
}

/**
 * What copies of one journal know together: what one of them has missed is in the others.
 * @returns undefined when none of the files is there; `id` is empty when they are of different journals
 */
export async function readJournal(...paths: string[]): Promise<JournalContent | undefined> {
  const found = await Promise.all(paths.map(readCopy));
  const copies = found.filter((copy) => copy !== undefined);
  return copies.length === 0 ? undefined : contentOf(copies);
}

function contentOf(copies: readonly JournalCopy[]): JournalContent {
  const union = unionOf(copies);
  const ids = new Set(copies.map(({ id }) => id).filter((id) => id !== ''));
  const [id = ''] = ids.size === 1 ? ids : [];
  return { id, damaged: damageOf(copies, union), sums: [...union.keys()], ...eventsOf(union.values()) };
}

function eventsOf(lines: Iterable<WrittenLine>): Pick<JournalContent, 'events' | 'inDoubt'> {
  const noted = new Map<string, Noted>();
  const ends = new Map<string, 'committed' | 'rolled-back'>();
  for (const { line } of lines) {
    if ('outcome' in line) ends.set(line.n, line.outcome);
    else if ('event' in line) noted.set(line.n, { ...line.event, at: new Date(line.at) });
  }
  const happened = [...noted].filter(([n, { kind }]) => {
    const end = ends.get(n);
    return end === 'committed' || (end === undefined && kind !== 'agent-unlocked');
  });
  return { events: happened.map(([, event]) => event), inDoubt: [...noted.keys()].filter((n) => !ends.has(n)).length };
}
