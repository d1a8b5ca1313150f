import { create, type JsonObject } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { directory } from '@app/contracts';
import { Code, ConnectError } from '@connectrpc/connect';
import type { EventJournal, OccurrencePeriod, StoredEvent, WatchRequest } from '../events/index.js';
import type { Sight } from './sight.js';

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
export const watchRequest = ({ sinceSequence, types }: directory.WatchEventsRequest, account: string): WatchRequest => {
  if (types.length > MAX_TYPES || types.some((type) => type.length > MAX_TYPE_LENGTH)) {
    throw new ConnectError('too many types, or one that is too long', Code.InvalidArgument);
  }
  return { account, since: Number(sinceSequence), types };
};

/**
 * One event at a time, each when the connection has taken the one before: a slow host holds a page of them, no more.
 * Events of what the account does not see are left out; what was lost before one of those is told with the next.
 */
export async function* watchEvents(
  feed: EventFeed,
  request: WatchRequest,
  sight: Sight,
  signal: AbortSignal,
): AsyncGenerator<directory.WatchEventsResponse> {
  let lost = 0;
  try {
    for await (const events of feed.watch(request, signal)) {
      for (const event of events) {
        lost += event.lostBefore;
        if (!sight.seesId(event.sourceId)) continue;
        yield toWireEvent({ ...event, lostBefore: lost });
        lost = 0;
      }
    }
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
