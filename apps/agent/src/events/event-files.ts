/** In the state directory. */
export const EVENTS_FILE = 'events.db';
/** Where a file that cannot be read is put; the one before it goes. */
export const DAMAGED_EVENTS_FILE = 'events-damaged.db';
export const EVENTS_MARK_FILE = 'events-mark.json';
/** SQLite's own beside a database. */
export const BESIDE = ['-wal', '-shm'];
/** All that there may be. */
export const EVENT_FILES = [EVENTS_FILE, DAMAGED_EVENTS_FILE]
  .flatMap((name) => ['', ...BESIDE].map((ending) => `${name}${ending}`))
  .concat(EVENTS_MARK_FILE);
