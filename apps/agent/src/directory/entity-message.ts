import { create } from '@bufbuild/protobuf';
import { directory, type StreamUsage } from '@app/contracts';
import type { EntityKind, SiteEntity, SiteStream } from '../site/entity.js';

const { EntityKind: WireKind, EntityState, StreamUsage: WireUsage } = directory;

const USAGES: Record<StreamUsage, directory.StreamUsage> = {
  live: WireUsage.LIVE,
  recording: WireUsage.RECORDING,
  remote: WireUsage.REMOTE,
  'low-res': WireUsage.LOW_RES,
  'high-res': WireUsage.HIGH_RES,
  automatic: WireUsage.AUTOMATIC,
};

const KINDS: Record<EntityKind, directory.EntityKind> = {
  camera: WireKind.CAMERA,
  area: WireKind.AREA,
  door: WireKind.DOOR,
  input: WireKind.INPUT,
  output: WireKind.OUTPUT,
  zone: WireKind.ZONE,
  alarm: WireKind.ALARM,
  'custom-event': WireKind.CUSTOM_EVENT,
  unknown: WireKind.UNSPECIFIED,
};

const STATES = {
  online: EntityState.ONLINE,
  offline: EntityState.OFFLINE,
  unknown: EntityState.UNSPECIFIED,
} as const;

export const toWireUsage = (usage: StreamUsage): directory.StreamUsage => USAGES[usage];

/** An unset or newer usage is `live`. */
export const fromWireUsage = (usage: directory.StreamUsage): StreamUsage =>
  (Object.keys(USAGES) as StreamUsage[]).find((name) => USAGES[name] === usage) ?? 'live';

/** Kinds of a newer host mean nothing here. */
export const fromWireKinds = (kinds: readonly directory.EntityKind[]): Set<EntityKind> =>
  new Set((Object.keys(KINDS) as EntityKind[]).filter((name) => kinds.includes(KINDS[name])));

export const toWireEntity = (entity: SiteEntity): directory.Entity =>
  create(directory.EntitySchema, {
    remoteId: entity.remoteId,
    kind: KINDS[entity.kind],
    name: entity.name,
    parentId: entity.parentId ?? '',
    state: STATES[entity.state],
    stateReason: entity.stateReason,
    ...(entity.kind === 'camera' ? { camera: toWireCamera(entity) } : {}),
    ...(entity.properties === undefined ? {} : { properties: entity.properties }),
  });

const toWireCamera = ({ streams, ptz = false, audio = false }: SiteEntity): directory.Camera =>
  create(directory.CameraSchema, { streams: streams.map(toWireStream), ptz, audio });

const toWireStream = (stream: SiteStream): directory.VideoStream =>
  create(directory.VideoStreamSchema, {
    usages: stream.usages.map(toWireUsage),
    codec: stream.codec,
    width: stream.width ?? 0,
    height: stream.height ?? 0,
    frameRate: stream.frameRate ?? 0,
  });
