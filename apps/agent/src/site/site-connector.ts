import type { StreamUsage } from '@app/contracts';
import type { RecordedRange, ReplaySource, Source } from '@app/media';
import type { SiteEntity } from './entity.js';
import type { CommandOutcome, SiteCommand } from './site-command.js';
import type { EventSink } from './site-event.js';

/** Where a connector puts what it finds. */
export interface EntitySink {
  upsert(entity: SiteEntity): void;
  remove(remoteId: string): void;
}

/** One stream of one camera, ready to be pulled. */
export interface StreamSource {
  /** The same for everybody who wants the same stream, so that the camera is pulled once. */
  key: string;
  /** Called for a key that nobody pulls yet. */
  open: () => Source;
  /** What `automatic` was resolved to; else the usage that was asked for. */
  usage: StreamUsage;
}

export type TimelineState = 'recorded' | 'empty' | 'unknown' | 'retrieving';

export interface TimelineSpan extends RecordedRange {
  state: TimelineState;
}

/** What a recording device holds of one camera. */
export interface RecordingSource extends ReplaySource {
  /** Another one when the camera is described differently. */
  key: string;
  /** What is known between two times: spans in their order that touch each other. Rejects with a MediaError. */
  timeline(range: RecordedRange, signal: AbortSignal): Promise<TimelineSpan[]>;
}

export interface Snapshot {
  /** A JPEG, whole. */
  image: Buffer;
  takenAt: Date;
}

/** What gives a still picture of one camera. */
export interface SnapshotSource {
  /** Rejects with a MediaError. */
  take(signal: AbortSignal): Promise<Snapshot>;
}

/** Turns a real system into entities and sources. Its failures are states of its entities, never of the site. */
export interface SiteConnector {
  readonly name: string;
  start(sink: EntitySink, events: EventSink): Promise<void>;
  close(): Promise<void>;
  /** Undefined when the connector has no such camera. */
  stream(remoteId: string, usage: StreamUsage): StreamSource | undefined;
  /** Undefined when the connector has no such camera, or nothing is recorded of it. */
  recordings?(remoteId: string): RecordingSource | undefined;
  /** Undefined when the connector has no such entity. Rejects with a MediaError when the device fails. */
  execute?(remoteId: string, command: SiteCommand, signal: AbortSignal): Promise<CommandOutcome> | undefined;
  /** Undefined when the connector has no such camera, or it gives no still picture. */
  snapshots?(remoteId: string): SnapshotSource | undefined;
  /** Whether the key of an earlier `stream` or `recordings` still means the same source. */
  holds(key: string): boolean;
}
