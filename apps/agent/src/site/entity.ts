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

/** A thing of the site that a federation host can see. */
export interface SiteEntity {
  /** Stable key at this site. */
  remoteId: string;
  kind: 'camera';
  name: string;
  state: 'online' | 'offline' | 'unknown';
  /** Why it is not online; a stable code first. */
  stateReason: string;
  streams: SiteStream[];
}

/** @returns whether a watcher would see a difference */
export const isSameEntity = (one: SiteEntity, other: SiteEntity): boolean =>
  JSON.stringify(one) === JSON.stringify(other);
