import { FirstSchema1700000000001 } from './0001-first-schema.js';

/** In order; explicit, because globs do not survive a build. */
export const MIGRATIONS = [FirstSchema1700000000001];
