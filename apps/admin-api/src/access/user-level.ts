import type { Permission } from './permission.js';

/** 1 is the highest level of a viewer, 254 the lowest: docs/video-capacity.md. */
export const LOWEST_LEVEL = 254;

/** The first that somebody has decides; the rest have the level of those who may watch. */
const LEVELS: readonly [permission: Permission, level: number][] = [
  ['operators:write', 1],
  ['sites:write', 50],
];
const WATCHER_LEVEL = 100;

/**
 * The highest level that somebody watches with, and can give to others. It follows from what he may do, so that an API
 * token for watching alone drives out nobody whom its owner could.
 */
export const highestLevelOf = (permissions: ReadonlySet<Permission>): number =>
  LEVELS.find(([permission]) => permissions.has(permission))?.[1] ?? WATCHER_LEVEL;
