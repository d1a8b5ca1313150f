import { createHash } from 'node:crypto';
import { directory, proposeSiteLabel, type StreamUsage } from '@app/contracts';
import type { EntityRecord } from '@app/persistence';
import { v5 } from 'uuid';
import { z } from 'zod';
import { videoStream } from '@app/contracts';

const { EntityKind, EntityState, StreamUsage: WireUsage } = directory;

const KINDS: Record<directory.EntityKind, string> = {
  [EntityKind.UNSPECIFIED]: 'unknown',
  [EntityKind.CAMERA]: 'camera',
  [EntityKind.AREA]: 'area',
  [EntityKind.DOOR]: 'door',
  [EntityKind.INPUT]: 'input',
  [EntityKind.OUTPUT]: 'output',
  [EntityKind.ZONE]: 'zone',
  [EntityKind.ALARM]: 'alarm',
  [EntityKind.CUSTOM_EVENT]: 'custom-event',
};

const USAGES: Partial<Record<directory.StreamUsage, StreamUsage>> = {
  [WireUsage.LIVE]: 'live',
  [WireUsage.RECORDING]: 'recording',
  [WireUsage.REMOTE]: 'remote',
  [WireUsage.LOW_RES]: 'low-res',
  [WireUsage.HIGH_RES]: 'high-res',
  [WireUsage.AUTOMATIC]: 'automatic',
};

const MAX_NAME = 200;
const MAX_REMOTE_ID = 200;
const MAX_STREAMS = 16;
const MAX_PROPERTIES_BYTES = 16_384;

/** What `details` of a camera's row holds. */
export const cameraDetails = z.object({
  streams: z.array(videoStream).default([]),
  ptz: z.boolean().default(false),
  audio: z.boolean().default(false),
});
export type CameraDetails = z.infer<typeof cameraDetails>;

/** What `WatchEntities` is asked for; nothing means all. */
export const toWireKinds = (types: readonly string[]): directory.EntityKind[] =>
  types.includes('*')
    ? []
    : Object.entries(KINDS).flatMap(([kind, name]) => (types.includes(name) ? [Number(kind)] : []));

export const fromWireUsage = (usage: directory.StreamUsage): StreamUsage => USAGES[usage] ?? 'live';

export const toWireUsage = (usage: StreamUsage): directory.StreamUsage =>
  Number(Object.entries(USAGES).find(([, name]) => name === usage)?.[0] ?? WireUsage.LIVE);

/** The same for the same site and remote id, for ever: a role created again finds the same entities. */
export const entityId = (siteId: string, remoteId: string): string => v5(remoteId, siteId);

/** Whether the database can have a row for this remote id. */
export const isUsableId = (remoteId: string): boolean =>
  remoteId !== '' && remoteId.length <= MAX_REMOTE_ID && !remoteId.includes('\0');

/** A row for what a site reported. What a site says is data of a stranger: cut to size, no control characters. Undefined without a usable key. */
export const entityRecord = (siteId: string, entity: directory.Entity): EntityRecord | undefined => {
  const { remoteId, parentId } = entity;
  if (!isUsableId(remoteId)) return undefined;
  const path = proposeSiteLabel(remoteId);
  return {
    id: entityId(siteId, remoteId),
    remoteId,
    kind: KINDS[entity.kind] ?? 'unknown',
    name: clean(entity.name) || remoteId,
    parentRemoteId: isUsableId(parentId) ? parentId : null,
    path,
    // Two remote ids may have one slug (Door 1, door-1): the other one carries a piece of its digest.
    fallbackPath: `${path.slice(0, 54)}-${createHash('sha256').update(remoteId).digest('hex').slice(0, 8)}`,
    ...stateOf(entity),
    details: detailsOf(entity),
  };
};

const stateOf = ({ state, stateReason }: directory.Entity): Pick<EntityRecord, 'state' | 'stateReason'> => ({
  state: state === EntityState.ONLINE ? 'online' : state === EntityState.OFFLINE ? 'offline' : 'unknown',
  stateReason: clean(stateReason) || null,
});

const detailsOf = ({ camera, properties }: directory.Entity): Record<string, unknown> => {
  const text = properties === undefined ? '' : JSON.stringify(properties);
  const kept = text === '' || text.length > MAX_PROPERTIES_BYTES || text.includes('\\u0000') ? {} : { properties };
  if (camera === undefined) return kept;
  return { ...kept, ptz: camera.ptz, audio: camera.audio, streams: camera.streams.slice(0, MAX_STREAMS).map(streamOf) };
};

const streamOf = (stream: directory.VideoStream): CameraDetails['streams'][number] => ({
  usages: [...new Set(stream.usages.map((usage) => USAGES[usage]).filter((usage) => usage !== undefined))],
  codec: clean(stream.codec).slice(0, 32),
  width: stream.width > 0 && stream.width < 65_536 ? stream.width : null,
  height: stream.height > 0 && stream.height < 65_536 ? stream.height : null,
  frameRate: stream.frameRate > 0 && stream.frameRate < 1_000 ? Math.round(stream.frameRate * 1_000) / 1_000 : null,
});

/** Half of a character that was cut in two is no text to a database. */
const clean = (text: string): string =>
  text
    .replace(/\p{Cc}/gu, '')
    .trim()
    .slice(0, MAX_NAME)
    .replace(/[\uD800-\uDBFF]$/, '');
