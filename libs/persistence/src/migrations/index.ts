import { FirstSchema1700000000001 } from './0001-first-schema.js';
import { DrainingSessions1700000000002 } from './0002-draining-sessions.js';
import { Onboarding1700000000007 } from './0007-onboarding.js';

/** In order; explicit, because globs do not survive a build. */
export const MIGRATIONS = [FirstSchema1700000000001, DrainingSessions1700000000002, Onboarding1700000000007];
