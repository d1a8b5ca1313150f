/** Of the form of the file; another one is not this version's. */
export const SCHEMA_VERSION = 1;
export const TABLES = ['events', 'gaps', 'periods', 'facts'] as const;

/**
 * `events.ran_ms` is the running time of the agent when the event was written. `gaps` are numbers that were never given,
 * `size` of them after `after`. `periods` hold from the first number after `after` on, until the next row of the account.
 */
export const SCHEMA = `
  CREATE TABLE events (
    sequence INTEGER PRIMARY KEY,
    type TEXT NOT NULL,
    source TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    ran_ms INTEGER NOT NULL,
    details TEXT NOT NULL
  ) STRICT;
  CREATE TABLE gaps (after INTEGER PRIMARY KEY, size INTEGER NOT NULL) STRICT;
  CREATE TABLE periods (
    account TEXT NOT NULL,
    after INTEGER NOT NULL,
    period TEXT NOT NULL,
    PRIMARY KEY (account, after)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE facts (name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

/** WAL with FULL: what a commit has returned for is on the disk; a killed process loses nothing that was committed. */
export const CONNECTION = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA journal_size_limit = 4194304;
  PRAGMA temp_store = MEMORY;
  PRAGMA cache_size = -2048;
`;
