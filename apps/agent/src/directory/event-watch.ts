import { create, type JsonObject } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { directory } from '@app/contracts';
import { Code, ConnectError } from '@connectrpc/connect';
import type { EventJournal, OccurrencePeriod, StoredEvent, WatchRequest } from '../events/index.js';
import { parseBasicCredentials } from './user-verifier.js';

/** Where the events of the site are read. */
export type EventFeed = Pick<EventJournal, 'watch'>;

const MAX_TYPES = 500;
const MAX_TYPE_LENGTH = 200;

const PERIODS: Record<OccurrencePeriod, directory.OccurrencePeriod> = {
  online: directory.OccurrencePeriod.ONLINE,
  grace: directory.OccurrencePeriod.GRACE,
  offline: directory.OccurrencePeriod.OFFLINE,
};

/** @throws ConnectError for a list of types that is too long */
export const watchRequest = (
  { sinceSequence, types }: directory.WatchEventsRequest,
  header: Pick<Headers, 'get'>,
): WatchRequest => {
  if (types.length > MAX_TYPES || types.some((type) => type.length > MAX_TYPE_LENGTH)) {
    throw new ConnectError('too many types, or one that is too long', Code.InvalidArgument);
  }
  const account = parseBasicCredentials(header.get('authorization'))?.username ?? '';
  return { account, since: Number(sinceSequence), types };
};

/** One event at a time, each when the connection has taken the one before: a slow host holds a page of them, no more. */
export async function* watchEvents(
  feed: EventFeed,
  request: WatchRequest,
  signal: AbortSignal,
): AsyncGenerator<directory.WatchEventsResponse> {
  try {
    for await (const events of feed.watch(request, signal)) yield* events.map(toWireEvent);
  } catch (cause) {
    if (signal.aborted) return;
    throw new ConnectError('the events cannot be read now', Code.Unavailable, undefined, undefined, cause);
  }
}

const toWireEvent = (event: StoredEvent): directory.WatchEventsResponse =>
  create(directory.WatchEventsResponseSchema, {
    sequence: BigInt(event.sequence),
    type: event.type,
    sourceId: event.sourceId,
    siteTime: timestampFromMs(event.atMs),
    occurrencePeriod: PERIODS[event.period],
    ...(event.details === '' ? {} : { details: JSON.parse(event.details) as JsonObject }),
    lostBefore: BigInt(event.lostBefore),
  });
