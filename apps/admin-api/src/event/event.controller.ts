import type { Page } from '@app/persistence';
import { Controller, Get, Inject, Query, Req, Res } from '@nestjs/common';
import { ApiHeader, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { Requires } from '../access/requires.decorator.js';
import { CallerOf } from '../http/caller.decorator.js';
import { Fails } from '../http/fails.decorator.js';
import { IdOf } from '../http/id.pipe.js';
import { ApiPage } from '../http/page-response.decorator.js';
import type { ApiRequest, Caller } from '../http/request.js';
import { EventStreamService } from './event-stream.service.js';
import { EventQuery, EventStreamQuery, SiteEvent } from './event.dto.js';
import { EventService } from './event.service.js';

@ApiTags('events')
@Controller('events')
export class EventController {
  constructor(
    @Inject(EventService) private readonly events: EventService,
    @Inject(EventStreamService) private readonly streams: EventStreamService,
  ) {}

  @Get()
  @Requires('events:read')
  @Fails()
  @ApiOperation({ summary: 'What happened at the sites, newest first unless asked for otherwise' })
  @ApiPage(SiteEvent)
  list(@CallerOf() caller: Caller, @Query() query: EventQuery): Promise<Page<SiteEvent>> {
    return this.events.list(caller.tenantId, query);
  }

  @Get('stream')
  @Requires('events:read')
  @Fails('too-many-event-streams')
  @ApiOperation({
    summary: 'What happens, as it arrives, as server-sent events',
    description:
      'Each `data` is one event as `GET /events/{id}` shows it, each `id` its position. A client that comes back with `Last-Event-ID` misses nothing and hears nothing twice.',
  })
  @ApiHeader({ name: 'Last-Event-ID', required: false, schema: { type: 'string', pattern: '^\\d{1,16}$' } })
  @ApiOkResponse({ content: { 'text/event-stream': { schema: { type: 'string' } } } })
  stream(
    @CallerOf() caller: Caller,
    @Query() query: EventStreamQuery,
    @Req() request: ApiRequest,
    @Res() response: Response,
  ): Promise<void> {
    return this.streams.serve(caller, request, response, query);
  }

  @Get(':id')
  @Requires('events:read')
  @Fails('event-not-found')
  @ApiOperation({ summary: 'One event' })
  @ApiOkResponse({ type: SiteEvent })
  find(@CallerOf() caller: Caller, @IdOf('id') id: string): Promise<SiteEvent> {
    return this.events.find(caller.tenantId, id);
  }
}
