import { setTimeout as delay } from 'node:timers/promises';
import { DomainError } from '@app/contracts';
import { Database, type EventFilter, EventRepository } from '@app/persistence';
import { type AppLogger, LOGGER } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import type { Response } from 'express';
import type { ApiRequest, Caller } from '../http/request.js';
import { StandingCaller } from '../session/standing-caller.js';
import { ClientStream } from './client-stream.js';
import { EventFeed } from './event-feed.js';
import { toSiteEvent } from './event-view.js';
import { type EventStreamQuery, isPosition } from './event.dto.js';
import { StreamPlaces } from './stream-places.js';

const PAGE = 100;
/** A sign of life for proxies; and how soon a session that is over ends its streams. */
const HEARTBEAT_MS = 10_000;
/** Without a hint that something has come. */
const POLL_MS = 5_000;
/** Between two looks of one stream, however many hints there are. */
const REST_MS = 100;
const OUTAGE_MS = 1_000;

/** Events as they arrive: all behind the client's position, in their order, each once. */
@Injectable()
export class EventStreamService {
  private readonly places = new StreamPlaces();

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(EventRepository) private readonly events: EventRepository,
    @Inject(EventFeed) private readonly feed: EventFeed,
    @Inject(StandingCaller) private readonly standing: StandingCaller,
    @Inject(LOGGER) private readonly logger: AppLogger,
  ) {}

  /**
   * Resolves when the stream has ended.
   * @throws DomainError before it begins: `invalid-request`, `too-many-event-streams`, `unavailable`
   */
  async serve(caller: Caller, request: ApiRequest, response: Response, query: EventStreamQuery): Promise<void> {
    const { tenantId, operatorId } = caller;
    const { after, ...filter } = query;
    const known = positionOf(request) ?? after;
    const give = this.places.take(operatorId);
    try {
      const position = known ?? (await this.database.inTenant(tenantId, (tx) => this.events.head(tx, tenantId)));
      if (request.method === 'HEAD') return void response.status(200).type('text/event-stream').end();
      const client = new ClientStream(response);
      await client.begin();
      await this.follow(client, request, { tenantId, position, filter });
      client.end();
    } finally {
      give();
    }
  }

  private async follow(
    client: ClientStream,
    request: ApiRequest,
    { tenantId, position: from, filter }: { tenantId: string; position: string; filter: EventFilter },
  ): Promise<void> {
    const bell = new Bell();
    const unfollow = this.feed.follow(tenantId, () => bell.ring());
    let position = from;
    let heartbeatAt = performance.now() + HEARTBEAT_MS;
    try {
      while (!client.signal.aborted) {
        const page = await this.look(tenantId, position, filter);
        for (const event of page?.events ?? []) await client.send(toSiteEvent(event));
        position = page?.upTo ?? position;
        if (performance.now() >= heartbeatAt) {
          if (!(await this.mayGoOn(request))) return;
          await client.heartbeat(position);
          heartbeatAt = performance.now() + HEARTBEAT_MS;
        }
        if (page?.events.length === PAGE) continue;
        await pause(page === undefined ? OUTAGE_MS : REST_MS, client.signal);
        if (page !== undefined) await bell.wait(POLL_MS, client.signal);
      }
    } finally {
      unfollow();
    }
  }

  /** Undefined while the database is away: the client waits with us. */
  private async look(
    tenantId: string,
    position: string,
    filter: EventFilter,
  ): Promise<Awaited<ReturnType<EventRepository['after']>> | undefined> {
    try {
      return await this.database.inTenant(tenantId, (tx) => this.events.after(tx, tenantId, position, filter, PAGE));
    } catch (error) {
      if (!(error instanceof DomainError && error.code === 'unavailable')) throw error;
      this.logger.debug({ err: error }, 'a stream of events has to wait for the database');
      return undefined;
    }
  }

  /** An outage ends nobody's session. */
  private async mayGoOn(request: ApiRequest): Promise<boolean> {
    return this.standing.holds(request, 'events:read').catch((error: unknown) => {
      if (error instanceof DomainError && error.code === 'unavailable') return true;
      throw error;
    });
  }
}

/** @throws DomainError `invalid-request` */
const positionOf = (request: ApiRequest): string | undefined => {
  const given = request.header('last-event-id');
  if (given === undefined || given === '' || isPosition(given)) return given || undefined;
  throw new DomainError('invalid-request', 'Last-Event-ID is not one of this stream', {
    fields: [{ pointer: '/Last-Event-ID', detail: 'the id of the last event that was received' }],
  });
};

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  delay(ms, undefined, { signal }).catch(() => undefined);

/** Remembers that it rang until somebody waits. */
class Bell {
  private rang = false;
  private wake: () => void = () => undefined;

  ring(): void {
    this.rang = true;
    this.wake();
  }

  /** Until it rings, or has rung since the last wait. */
  async wait(ms: number, signal: AbortSignal): Promise<void> {
    if (!this.rang && !signal.aborted) {
      const over = new AbortController();
      await Promise.race([
        new Promise<void>((resolve) => (this.wake = resolve)),
        pause(ms, AbortSignal.any([signal, over.signal])),
      ]);
      over.abort();
      this.wake = () => undefined;
    }
    this.rang = false;
  }
}
