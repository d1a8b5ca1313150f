import type { IfMatch } from '@app/contracts';
import type { Page } from '@app/persistence';
import { Body, Controller, Delete, Get, HttpCode, Inject, Patch, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Requires } from '../access/requires.decorator.js';
import { CallerOf } from '../http/caller.decorator.js';
import { Fails } from '../http/fails.decorator.js';
import { IdOf } from '../http/id.pipe.js';
import { IfMatchOf } from '../http/if-match.decorator.js';
import { ApiPage } from '../http/page-response.decorator.js';
import type { Caller } from '../http/request.js';
import { Tagged } from '../http/tagged.decorator.js';
import { SiteDeletionService } from './site-deletion.service.js';
import { siteTag } from './site-facts.js';
import { NewSite, Site, SiteChanges, SiteQuery } from './site.dto.js';
import { SiteService } from './site.service.js';

@ApiTags('sites')
@Controller('sites')
export class SiteController {
  constructor(
    @Inject(SiteService) private readonly sites: SiteService,
    @Inject(SiteDeletionService) private readonly deletion: SiteDeletionService,
  ) {}

  @Post()
  @Requires('sites:write')
  @Tagged(siteTag)
  @Fails('site-label-taken')
  @ApiOperation({ summary: 'Create a site; its label is proposed from its name unless asked for' })
  @ApiCreatedResponse({ type: Site })
  create(@CallerOf() caller: Caller, @Body() body: NewSite): Promise<Site> {
    return this.sites.create(caller, body);
  }

  @Get()
  @Requires('sites:read')
  @Fails()
  @ApiOperation({ summary: 'Sites by text, state of the tunnel and tags' })
  @ApiPage(Site)
  list(@CallerOf() caller: Caller, @Query() query: SiteQuery): Promise<Page<Site>> {
    return this.sites.list(caller.tenantId, query);
  }

  @Get(':id')
  @Requires('sites:read')
  @Tagged(siteTag)
  @Fails()
  @ApiOperation({ summary: 'One site' })
  @ApiOkResponse({ type: Site })
  find(@CallerOf() caller: Caller, @IdOf('id') id: string): Promise<Site> {
    return this.sites.find(caller.tenantId, id);
  }

  @Patch(':id')
  @Requires('sites:write')
  @Tagged(siteTag)
  @Fails()
  @ApiOperation({ summary: 'Change what is given of a site; its label stays' })
  @ApiOkResponse({ type: Site })
  change(
    @CallerOf() caller: Caller,
    @IdOf('id') id: string,
    @Body() body: SiteChanges,
    @IfMatchOf() ifMatch: IfMatch,
  ): Promise<Site> {
    return this.sites.change(caller, id, body, ifMatch);
  }

  @Delete(':id')
  @Requires('sites:write')
  @HttpCode(204)
  @Tagged(siteTag)
  @Fails('site-in-use')
  @ApiOperation({
    summary: 'Delete a site that has no agent and no open keyfile, with its federation role and view tickets',
  })
  @ApiNoContentResponse()
  delete(@CallerOf() caller: Caller, @IdOf('id') id: string, @IfMatchOf() ifMatch: IfMatch): Promise<void> {
    return this.deletion.delete(caller, id, ifMatch);
  }
}
