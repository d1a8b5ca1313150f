import type { Page } from '@app/persistence';
import { Body, Controller, Get, HttpCode, Inject, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Requires } from '../access/requires.decorator.js';
import { Fails } from '../http/fails.decorator.js';
import { CallerOf } from '../http/caller.decorator.js';
import { IdOf } from '../http/id.pipe.js';
import { ApiPage } from '../http/page-response.decorator.js';
import { PageQuery } from '../http/page.dto.js';
import type { Caller } from '../http/request.js';
import { AnsweredOnce } from '../idempotency/answered-once.decorator.js';
import { IssuedExport, IssuedViewTicket, NewExport, NewViewTicket, ViewTicket } from './view-ticket.dto.js';
import { ViewTicketService } from './view-ticket.service.js';

@ApiTags('view tickets')
@Controller()
export class ViewTicketController {
  constructor(@Inject(ViewTicketService) private readonly tickets: ViewTicketService) {}

  @Post('cameras/:id/view-tickets')
  @Requires('video:watch')
  @Fails('camera-not-found')
  @ApiOperation({ summary: 'A stream URL with its ticket, answered this once' })
  @AnsweredOnce('url', 'playUrl')
  @ApiCreatedResponse({ type: IssuedViewTicket })
  issue(@CallerOf() caller: Caller, @IdOf('id') id: string, @Body() body: NewViewTicket): Promise<IssuedViewTicket> {
    return this.tickets.issue(caller, id, body);
  }

  @Post('cameras/:id/exports')
  @Requires('video:watch')
  @Fails('camera-not-found', 'not-implemented')
  @ApiOperation({ summary: 'An address that answers a range of a camera’s recordings as an MP4 file' })
  @AnsweredOnce('url')
  @ApiCreatedResponse({ type: IssuedExport })
  export(@CallerOf() caller: Caller, @IdOf('id') id: string, @Body() body: NewExport): Promise<IssuedExport> {
    return this.tickets.export(caller, id, body);
  }

  @Get('view-tickets')
  @Requires('video:watch')
  @Fails()
  @ApiOperation({ summary: 'View tickets, newest first, without their URLs' })
  @ApiPage(ViewTicket)
  list(@CallerOf() caller: Caller, @Query() query: PageQuery): Promise<Page<ViewTicket>> {
    return this.tickets.list(caller.tenantId, query);
  }

  @Post('view-tickets/:id/revoke')
  @Requires('video:watch')
  @HttpCode(200)
  @Fails()
  @ApiOperation({ summary: 'Revoke a view ticket' })
  @ApiOkResponse({ type: ViewTicket })
  revoke(@CallerOf() caller: Caller, @IdOf('id') id: string): Promise<ViewTicket> {
    return this.tickets.revoke(caller, id);
  }
}
