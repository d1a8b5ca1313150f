import type { JsonObject } from '@bufbuild/protobuf';

/** Something that happened at the site. */
export interface SiteEvent {
  /** A dotted name, such as `camera.motion` or `input.active`; what is not known keeps the topic of its system. */
  type: string;
  /** Remote id of the entity it is about; empty for the site itself. */
  sourceId: string;
  /** When it happened, by the clock of this machine or of the device; the store adds a sequence, not a time. */
  at: Date;
  details?: JsonObject | undefined;
}

/** Where a connector puts what happens. Never throws: what cannot be kept is counted as lost. */
export interface EventSink {
  event(event: SiteEvent): void;
}
