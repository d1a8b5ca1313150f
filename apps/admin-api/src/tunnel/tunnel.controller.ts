import type { Page } from '@app/persistence';
import { Controller, Get, HttpCode, Inject, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Requires } from '../access/requires.decorator.js';
import { CallerOf } from '../http/caller.decorator.js';
import { Fails } from '../http/fails.decorator.js';
import { IdOf } from '../http/id.pipe.js';
import { ApiPage } from '../http/page-response.decorator.js';
import type { Caller } from '../http/request.js';
import { TimeRangeQuery } from '../http/time-range.dto.js';
import { TunnelControl } from './tunnel-control.service.js';
import { Availability, AvailabilityQuery, Disconnection, Tunnel, TunnelQuery, TunnelSession } from './tunnel.dto.js';
import { TunnelService } from './tunnel.service.js';

@ApiTags('tunnels')
@Controller()
export class TunnelController {
  constructor(
    @Inject(TunnelService) private readonly tunnels: TunnelService,
    @Inject(TunnelControl) private readonly control: TunnelControl,
  ) {}

  @Get('tunnels')
  @Requires('tunnels:read')
  @Fails()
  @ApiOperation({ summary: 'The newest tunnel session of every site that has ever connected' })
  @ApiPage(Tunnel)
  list(@CallerOf() caller: Caller, @Query() query: TunnelQuery): Promise<Page<Tunnel>> {
    return this.tunnels.list(caller.tenantId, query);
  }

  @Get('sites/:siteId/tunnel')
  @Requires('tunnels:read')
  @Fails()
  @ApiOperation({ summary: 'A site’s newest tunnel session' })
  @ApiOkResponse({ type: Tunnel })
  find(@CallerOf() caller: Caller, @IdOf('siteId') siteId: string): Promise<Tunnel> {
    return this.tunnels.find(caller.tenantId, siteId);
  }

  @Get('sites/:siteId/tunnel/history')
  @Requires('tunnels:read')
  @Fails()
  @ApiOperation({ summary: 'Up and down of a site, newest first, with the reasons' })
  @ApiPage(TunnelSession)
  history(
    @CallerOf() caller: Caller,
    @IdOf('siteId') siteId: string,
    @Query() query: TimeRangeQuery,
  ): Promise<Page<TunnelSession>> {
    return this.tunnels.history(caller.tenantId, siteId, query);
  }

  @Get('sites/:siteId/tunnel/availability')
  @Requires('tunnels:read')
  @Fails()
  @ApiOperation({ summary: 'How much of a time a site had a tunnel' })
  @ApiOkResponse({ type: Availability })
  availability(
    @CallerOf() caller: Caller,
    @IdOf('siteId') siteId: string,
    @Query() query: AvailabilityQuery,
  ): Promise<Availability> {
    return this.tunnels.availability(caller.tenantId, siteId, query);
  }

  @Post('sites/:siteId/tunnel/disconnect')
  @Requires('tunnels:control')
  @Fails('conflict')
  @HttpCode(200)
  @ApiOperation({ summary: 'End the site’s tunnel; its agent comes back by itself' })
  @ApiOkResponse({ type: Disconnection })
  disconnect(@CallerOf() caller: Caller, @IdOf('siteId') siteId: string): Promise<Disconnection> {
    return this.control.disconnect(caller, siteId);
  }
}
