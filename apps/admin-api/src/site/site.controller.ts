import type { Page } from '@app/persistence';
import { Body, Controller, Get, Inject, Patch, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Requires } from '../access/requires.decorator.js';
import { CallerOf } from '../http/caller.decorator.js';
import { IdOf } from '../http/id.pipe.js';
import { ApiPage } from '../http/page-response.decorator.js';
import { PageQuery } from '../http/page.dto.js';
import type { Caller } from '../http/request.js';
import { NewSite, Site, SiteChanges } from './site.dto.js';
import { SiteService } from './site.service.js';

@ApiTags('sites')
@Controller('sites')
export class SiteController {
  constructor(@Inject(SiteService) private readonly sites: SiteService) {}

  @Post()
  @Requires('sites:write')
  @ApiOperation({ summary: 'Create a site; its label is proposed from its name unless asked for' })
  @ApiCreatedResponse({ type: Site })
  create(@CallerOf() caller: Caller, @Body() body: NewSite): Promise<Site> {
    return this.sites.create(caller, body);
  }

  @Get()
  @Requires('sites:read')
  @ApiOperation({ summary: 'Sites, oldest first' })
  @ApiPage(Site)
  list(@CallerOf() caller: Caller, @Query() query: PageQuery): Promise<Page<Site>> {
    return this.sites.list(caller.tenantId, query);
  }

  @Get(':id')
  @Requires('sites:read')
  @ApiOperation({ summary: 'One site' })
  @ApiOkResponse({ type: Site })
  find(@CallerOf() caller: Caller, @IdOf('id') id: string): Promise<Site> {
    return this.sites.find(caller.tenantId, id);
  }

  @Patch(':id')
  @Requires('sites:write')
  @ApiOperation({ summary: 'Rename a site; its label stays' })
  @ApiOkResponse({ type: Site })
  change(@CallerOf() caller: Caller, @IdOf('id') id: string, @Body() body: SiteChanges): Promise<Site> {
    return this.sites.change(caller, id, body);
  }
}
