import type { Page } from '@app/persistence';
import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Requires } from '../access/requires.decorator.js';
import { CallerOf } from '../http/caller.decorator.js';
import { IdOf } from '../http/id.pipe.js';
import { ApiPage } from '../http/page-response.decorator.js';
import { PageQuery } from '../http/page.dto.js';
import type { Caller } from '../http/request.js';
import { Tunnel, TunnelSession } from './tunnel.dto.js';
import { TunnelService } from './tunnel.service.js';

@ApiTags('tunnels')
@Controller()
export class TunnelController {
  constructor(@Inject(TunnelService) private readonly tunnels: TunnelService) {}

  @Get('tunnels')
  @Requires('tunnels:read')
  @ApiOperation({ summary: 'The newest tunnel session of every site that has ever connected' })
  @ApiPage(Tunnel)
  list(@CallerOf() caller: Caller, @Query() query: PageQuery): Promise<Page<Tunnel>> {
    return this.tunnels.list(caller.tenantId, query);
  }

  @Get('sites/:siteId/tunnel')
  @Requires('tunnels:read')
  @ApiOperation({ summary: 'A site’s newest tunnel session' })
  @ApiOkResponse({ type: Tunnel })
  find(@CallerOf() caller: Caller, @IdOf('siteId') siteId: string): Promise<Tunnel> {
    return this.tunnels.find(caller.tenantId, siteId);
  }

  @Get('sites/:siteId/tunnel/history')
  @Requires('tunnels:read')
  @ApiOperation({ summary: 'Up and down of a site, newest first, with the reasons' })
  @ApiPage(TunnelSession)
  history(
    @CallerOf() caller: Caller,
    @IdOf('siteId') siteId: string,
    @Query() query: PageQuery,
  ): Promise<Page<TunnelSession>> {
    return this.tunnels.history(caller.tenantId, siteId, query);
  }
}
