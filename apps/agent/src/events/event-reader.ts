import { EventDatabase } from './event-database.js';
import { eventOf } from './event-log.js';
import type { StoredEvent } from './stored-event.js';

export interface NewestEvents {
  count: number;
  bytes: number;
  /** Oldest first. */
  newest: Omit<StoredEvent, 'period' | 'lostBefore'>[];
  /** Site's time, Unix ms. */
  oldestMs: number | null;
  discarded: number;
  unstored: number;
}

/** Looks into the store of an agent, which may run. Raises the errors of SQLite. */
export const readNewest = (path: string, last: number): NewestEvents => {
  const database = EventDatabase.openToRead(path);
  try {
    const [oldest] = database.all('SELECT at_ms FROM events ORDER BY sequence LIMIT 1');
    return {
      count: database.number('SELECT count(*) FROM events'),
      bytes: database.bytes,
      oldestMs: oldest === undefined ? null : Number(oldest['at_ms']),
      discarded: database.count('discarded'),
      unstored: database.count('unstored'),
      newest: database.all('SELECT * FROM events ORDER BY sequence DESC LIMIT ?', last).reverse().map(eventOf),
    };
  } finally {
    database.close();
  }
};
