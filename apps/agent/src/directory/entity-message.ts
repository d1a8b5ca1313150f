import { create } from '@bufbuild/protobuf';
import { directory, type StreamUsage } from '@app/contracts';
import type { SiteEntity, SiteStream } from '../site/entity.js';

const { EntityKind, EntityState, StreamUsage: WireUsage } = directory;

const USAGES: Record<StreamUsage, directory.StreamUsage> = {
  live: WireUsage.LIVE,
  recording: WireUsage.RECORDING,
  remote: WireUsage.REMOTE,
  'low-res': WireUsage.LOW_RES,
  'high-res': WireUsage.HIGH_RES,
  automatic: WireUsage.AUTOMATIC,
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

export const toWireEntity = (entity: SiteEntity): directory.Entity =>
  create(directory.EntitySchema, {
    remoteId: entity.remoteId,
    kind: EntityKind.CAMERA,
    name: entity.name,
    state: STATES[entity.state],
    stateReason: entity.stateReason,
    camera: { streams: entity.streams.map(toWireStream) },
  });

const toWireStream = (stream: SiteStream): directory.VideoStream =>
  create(directory.VideoStreamSchema, {
    usages: stream.usages.map(toWireUsage),
    codec: stream.codec,
    width: stream.width ?? 0,
    height: stream.height ?? 0,
    frameRate: stream.frameRate ?? 0,
  });
