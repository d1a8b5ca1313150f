import { ResourceTag, videoStream } from '@app/contracts';
import type { EntityOverview } from '@app/persistence';
import { z } from 'zod';
import type { Entity } from './entity.dto.js';

/** The note alone is the operators'. */
export const entityTag = new ResourceTag<Entity>([
  'siteLabel',
  'roleId',
  'kind',
  'name',
  'parentId',
  'state',
  'stateReason',
  'camera',
  'properties',
  'updatedAt',
]);

/** What federation keeps of an entity besides its columns. */
const details = z.object({
  ptz: z.boolean().default(false),
  audio: z.boolean().default(false),
  streams: z.array(videoStream).default([]),
  properties: z.record(z.string(), z.unknown()).nullable().default(null),
});

export const toEntity = (row: EntityOverview): Entity => {
  const { path, details: kept, updatedAt, notedAt, note, notedBy, ...entity } = row;
  const { properties, ...camera } = details.parse(kept);
  return {
    ...entity,
    camera: entity.kind === 'camera' ? { path, ...camera } : null,
    properties,
    updatedAt: updatedAt.toISOString(),
    note,
    notedAt: notedAt?.toISOString() ?? null,
    notedBy,
  };
};
