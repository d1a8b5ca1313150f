/** How an event stands to one host's account: docs/site-events.md, "Occurrence period". */
export const PERIODS = ['online', 'grace', 'offline'] as const;
export type OccurrencePeriod = (typeof PERIODS)[number];

/** What waits to be written. */
export interface NewEvent {
  type: string;
  /** Remote id of its entity; empty for the site itself. */
  sourceId: string;
  /** Unix time of the site, ms. */
  atMs: number;
  /** JSON of an object; empty when there are none. */
  details: string;
  /** Events that happened before this one and could not be kept; they take a number each. */
  lostBefore: number;
}

export interface StoredEvent extends NewEvent {
  /** Strictly rising for the life of the site, also over a lost store. */
  sequence: number;
  period: OccurrencePeriod;
}

/** One step of a reader through the store. */
export interface EventPage {
  /** In order; events of types that were not asked for are left out. */
  events: StoredEvent[];
  /** Where the next step begins. */
  scannedTo: number;
  /** Events discarded between the last of `events` and `scannedTo`. */
  lost: number;
  /** Nothing is behind `scannedTo`. */
  atEnd: boolean;
}

/** Caps of the store; what is beyond them is discarded from its old end, and counted. */
export interface EventLimits {
  /** Time that the agent has run since the event: no clock that is set wrong discards anything. */
  maxAgeMs: number;
  maxBytes: number;
  maxEvents: number;
}

export const eventLimits: EventLimits = { maxAgeMs: 30 * 86_400_000, maxBytes: 256e6, maxEvents: 1_000_000 };

export interface EventSummary {
  count: number;
  bytes: number;
  /** Site's time of the oldest one, Unix ms; null while there is none. */
  oldestMs: number | null;
  /** Last number that was given. */
  newestSequence: number;
  /** Discarded by age, size or count since the store was made. */
  discarded: number;
  /** Could not be kept, as the disk was full: since the store was made. */
  unstored: number;
}

export interface EventReport {
  summary: EventSummary;
  /** Told once. `damaged`: the old file was set aside; `missing`: it was there before and is not now. */
  replaced: 'damaged' | 'missing' | undefined;
}

/** What opening the store found. */
export interface EventOpening extends EventReport {
  /** Until when the process before this one was seen to run, Unix ms, when it did not end in order. */
  killedAtMs: number | undefined;
  /** Accounts whose watch ended a short time ago, or with the process. */
  inGrace: string[];
}
