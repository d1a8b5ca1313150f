import type { JsonObject } from '@bufbuild/protobuf';
import type { StreamUsage } from '@app/contracts';

export interface SiteStream {
  /** What this stream is given for. */
  usages: StreamUsage[];
  /** RTP encoding name, e.g. H264; empty while unknown. */
  codec: string;
  /** Pixels; null while unknown. */
  width: number | null;
  height: number | null;
  /** Frames per second; null while unknown. */
  frameRate: number | null;
}

/** `unknown` is what a connector passes on without knowing what it is, with its properties. */
export type EntityKind =
  'camera' | 'area' | 'door' | 'input' | 'output' | 'zone' | 'alarm' | 'custom-event' | 'unknown';

/** A thing of the site that a federation host can see. */
export interface SiteEntity {
  /** Stable key at this site. */
  remoteId: string;
  kind: EntityKind;
  name: string;
  /** Remote id of the area it is in; none at the root. */
  parentId?: string | undefined;
  state: 'online' | 'offline' | 'unknown';
  /** Why it is not online; a stable code first. */
  stateReason: string;
  /** Of a camera; others have none. */
  streams: SiteStream[];
  /** Whether a camera can be turned. */
  ptz?: boolean | undefined;
  /** Whether a camera has sound. */
  audio?: boolean | undefined;
  /** What else the system says of it; of a camera that can be turned `presets: [{ token, name }]`. */
  properties?: JsonObject | undefined;
}

/** @returns whether a watcher would see a difference */
export const isSameEntity = (one: SiteEntity, other: SiteEntity): boolean =>
  JSON.stringify(one) === JSON.stringify(other);
