import { FirstSchema1700000000001 } from './0001-first-schema.js';
import { DrainingSessions1700000000002 } from './0002-draining-sessions.js';
import { Recovery1700000000009 } from './0009-recovery.js';

/** In order; explicit, because globs do not survive a build. */
export const MIGRATIONS = [FirstSchema1700000000001, DrainingSessions1700000000002, Recovery1700000000009];
