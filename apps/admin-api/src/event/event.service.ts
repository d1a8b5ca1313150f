import { DomainError } from '@app/contracts';
import { Database, encodeSortedCursor, EVENT_LIST, EventRepository, type Page } from '@app/persistence';
import { Inject, Injectable } from '@nestjs/common';
import { toSortedPageRequest } from '../http/sorted-page.dto.js';
import { toTimes } from '../http/time-range.dto.js';
import { toSiteEvent } from './event-view.js';
import type { EventQuery, SiteEvent } from './event.dto.js';

@Injectable()
export class EventService {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(EventRepository) private readonly events: EventRepository,
  ) {}

  /** @throws DomainError `invalid-cursor` */
  async list(tenantId: string, query: EventQuery): Promise<Page<SiteEvent>> {
    const { siteId, entityId, type, occurrencePeriod, timeOf, from, to } = query;
    const given = { siteId, entityId, type, occurrencePeriod, timeOf, from, to };
    const request = toSortedPageRequest(query, EVENT_LIST, given);
    const filter = { siteId, entityId, type, occurrencePeriod, timeOf, ...toTimes(query) };
    const rows = await this.database.inTenant(tenantId, (tx) => this.events.list(tx, tenantId, filter, request));
    const shown = rows.slice(0, request.limit);
    const last = shown.at(-1);
    const end = last && { values: last.cursor_values, id: last.cursor_id };
    const isMore = rows.length > request.limit;
    return {
      items: shown.map(toSiteEvent),
      nextCursor: isMore && end ? encodeSortedCursor(end, request.sorts, given) : null,
    };
  }

  /** @throws DomainError `event-not-found` */
  async find(tenantId: string, id: string): Promise<SiteEvent> {
    const row = await this.database.inTenant(tenantId, (tx) => this.events.find(tx, tenantId, id));
    if (!row) throw new DomainError('event-not-found', 'there is no such event, or it is not kept any more');
    return toSiteEvent(row);
  }
}
