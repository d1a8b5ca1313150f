import { timestampMs } from '@bufbuild/protobuf/wkt';
import { directory } from '@app/contracts';
import type { EventRecord } from '@app/persistence';
import { v5 } from 'uuid';
import { entityId } from '../entities/entity-record.js';

const { OccurrencePeriod } = directory;

const PERIODS: Record<directory.OccurrencePeriod, EventRecord['occurrencePeriod']> = {
  [OccurrencePeriod.UNSPECIFIED]: 'unknown',
  [OccurrencePeriod.ONLINE]: 'online',
  [OccurrencePeriod.GRACE]: 'grace',
  [OccurrencePeriod.OFFLINE]: 'offline',
};

const MAX_TEXT = 200;
/** Of the other members. */
const OVERHEAD_BYTES = 1_024;
export const MAX_DETAILS_BYTES = 16_384;
/** What the database counts with. */
const MAX_SEQUENCE = 2n ** 63n - 1n;
/** What the database and the protocol know as a time. */
const [FIRST_MS, LAST_MS] = [Date.parse('0001-01-01T00:00:00Z'), Date.parse('9999-12-31T23:59:59.999Z')];

/** The type of what a site had to discard: `details.count` events before the one with the same sequence. */
export const LOST = 'events.lost';
/** The type of an event that this host cannot keep in any form. */
export const UNREADABLE = 'events.unreadable';

type Message = directory.WatchEventsResponse;

/** Whose events they are. */
export interface EventSource {
  siteId: string;
  /** Pin of the key of the site's directory. */
  store: string;
}

/** One message of a site. */
export interface ToldEvent {
  event: EventRecord;
  /** Comes before it, with the same sequence, when the site had to discard some. */
  loss?: EventRecord;
  /** How many those were. */
  lost: number;
  /** About what it takes in memory. */
  bytes: number;
}

/**
 * Rows for what a site told. That is data of a stranger: cut to size, no control characters; however wrong its clock is,
 * the time is what it told.
 * @returns undefined for a message without a usable sequence
 */
export const toldEvent = (source: EventSource, message: Message): ToldEvent | undefined => {
  const { sequence, lostBefore } = message;
  if (sequence < 1n || sequence > MAX_SEQUENCE) return undefined;
  const event = eventRecord(source, message);
  const bytes = OVERHEAD_BYTES + JSON.stringify(event.details).length;
  if (lostBefore === 0n) return { event, lost: 0, bytes };
  const lost = Number(lostBefore);
  const id = idOf(source, `lost:${sequence}`);
  const loss = { ...event, ...noSource, id, type: LOST, details: { count: lost }, detailsDropped: false };
  return { event, loss, lost, bytes };
};

/** In the place of an event that the database refuses, so that those behind it go on. */
export const unreadable = (record: EventRecord): EventRecord => ({
  ...record,
  ...noSource,
  type: UNREADABLE,
  siteTime: null,
  details: {},
  detailsDropped: true,
});

const noSource = { sourceId: null, entityId: null };

const idOf = ({ siteId, store }: EventSource, key: string): string => v5(`${store}:${key}`, siteId);

const eventRecord = (source: EventSource, message: Message): EventRecord => {
  const sourceId = message.sourceId.length > MAX_TEXT ? '' : clean(message.sourceId);
  const kept = keptDetails(message.details);
  return {
    id: idOf(source, String(message.sequence)),
    sequence: message.sequence,
    type: clean(message.type) || 'unknown',
    ...(sourceId === '' ? noSource : { sourceId, entityId: entityId(source.siteId, sourceId) }),
    siteTime: timeOf(message),
    occurrencePeriod: PERIODS[message.occurrencePeriod] ?? 'unknown',
    details: kept ?? {},
    detailsDropped: kept === undefined,
  };
};

const timeOf = ({ siteTime }: Message): Date | null => {
  if (siteTime === undefined) return null;
  const ms = timestampMs(siteTime);
  return ms >= FIRST_MS && ms <= LAST_MS ? new Date(ms) : null;
};

/** Undefined for more than may be kept, or what no JSON can say. */
const keptDetails = (details: Message['details']): Record<string, unknown> | undefined => {
  if (details === undefined) return {};
  try {
    const text = JSON.stringify(details, (_key, value: unknown) =>
      typeof value === 'string' ? storable(value) : value,
    );
    if (Buffer.byteLength(text) > MAX_DETAILS_BYTES || /\\u0000|\\ud[89a-f]/.test(text)) return undefined;
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    // Nested beyond what a stack holds.
    return undefined;
  }
};

/** Without control characters but those of a text with lines, and without halves of characters. */
const storable = (text: string): string => text.replace(/[^\P{Cc}\t\n\r]|\p{Cs}/gu, '');

const clean = (text: string): string =>
  text
    .replace(/[\p{Cc}\p{Cs}]/gu, '')
    .trim()
    .slice(0, MAX_TEXT)
    .replace(/\p{Cs}/gu, '');
