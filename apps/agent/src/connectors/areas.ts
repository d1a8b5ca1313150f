import { displayName } from '@app/contracts';
import { z } from 'zod';
import type { SiteEntity } from '../site/entity.js';

const MAX_DEPTH = 10;
/** With what is put before it, a remote id: hosts keep 200 characters. */
const MAX_LENGTH = 190;

const namesOf = (path: string): string[] => path.split('/').map((name) => name.trim());

/** Names of areas from the outermost inwards: `Building 1/Floor 2`. */
export const areaPath = z
  .string()
  .max(MAX_LENGTH)
  .refine(
    (path) => namesOf(path).length <= MAX_DEPTH && namesOf(path).every((name) => displayName.safeParse(name).success),
    `names of areas, ${MAX_DEPTH} at most, with / between them`,
  );

/** Remote id of the innermost area of a path. No camera has one like it. */
export const areaId = (path: string): string => `area:${namesOf(path).join('/')}`;

/** Every area that the paths lead through, each after the one that it is in. */
export const areasOf = (paths: readonly string[]): SiteEntity[] => {
  const areas = new Map<string, SiteEntity>();
  for (const path of paths) {
    const names = namesOf(path);
    for (const [index, name] of names.entries()) {
      const remoteId = areaId(names.slice(0, index + 1).join('/'));
      const parentId = index === 0 ? undefined : areaId(names.slice(0, index).join('/'));
      areas.set(remoteId, { remoteId, kind: 'area', name, parentId, state: 'online', stateReason: '', streams: [] });
    }
  }
  return [...areas.values()];
};
