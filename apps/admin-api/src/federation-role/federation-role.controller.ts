import { type IfMatch, roleTag } from '@app/contracts';
import type { Page } from '@app/persistence';
import { Body, Controller, Delete, Get, HttpCode, Inject, Patch, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Requires } from '../access/requires.decorator.js';
import { Fails } from '../http/fails.decorator.js';
import { CallerOf } from '../http/caller.decorator.js';
import { IfMatchOf } from '../http/if-match.decorator.js';
import { IdOf } from '../http/id.pipe.js';
import { ApiPage } from '../http/page-response.decorator.js';
import type { Caller } from '../http/request.js';
import { SitePageQuery } from '../http/site-page.dto.js';
import { Tagged } from '../http/tagged.decorator.js';
import { FederationRole, FederationRoleChanges, NewFederationRole } from './federation-role.dto.js';
import { FederationRoleService } from './federation-role.service.js';

@ApiTags('federation roles')
@Controller('federation-roles')
export class FederationRoleController {
  constructor(@Inject(FederationRoleService) private readonly roles: FederationRoleService) {}

  @Get()
  @Requires('federation:read')
  @Fails()
  @ApiOperation({ summary: 'Federation roles; a new site brings one that is unconfigured' })
  @ApiPage(FederationRole)
  list(@CallerOf() caller: Caller, @Query() query: SitePageQuery): Promise<Page<FederationRole>> {
    return this.roles.list(caller.tenantId, query);
  }

  @Post()
  @Requires('federation:write')
  @Fails('not-found', 'conflict', 'role-incomplete', 'address-not-allowed')
  @ApiOperation({ summary: 'Create a further role for a site, or one for a site that has none; eight at most' })
  @ApiCreatedResponse({ type: FederationRole })
  create(@CallerOf() caller: Caller, @Body() body: NewFederationRole): Promise<FederationRole> {
    return this.roles.create(caller, body);
  }

  @Get(':id')
  @Requires('federation:read')
  @Tagged(roleTag)
  @Fails('role-not-found')
  @ApiOperation({ summary: 'One role; its password is never shown' })
  @ApiOkResponse({ type: FederationRole })
  find(@CallerOf() caller: Caller, @IdOf('id') id: string): Promise<FederationRole> {
    return this.roles.find(caller.tenantId, id);
  }

  @Patch(':id')
  @Requires('federation:write')
  @Tagged(roleTag)
  @Fails('role-not-found', 'role-incomplete', 'address-not-allowed')
  @ApiOperation({ summary: 'Change a role: address, account, switch it on' })
  @ApiOkResponse({ type: FederationRole })
  change(
    @CallerOf() caller: Caller,
    @IdOf('id') id: string,
    @Body() body: FederationRoleChanges,
    @IfMatchOf() ifMatch: IfMatch,
  ): Promise<FederationRole> {
    return this.roles.change(caller, id, body, ifMatch);
  }

  @Delete(':id')
  @Requires('federation:write')
  @HttpCode(204)
  @Tagged(roleTag)
  @Fails('role-not-found')
  @ApiOperation({ summary: 'Delete a role and its entities' })
  @ApiNoContentResponse()
  delete(@CallerOf() caller: Caller, @IdOf('id') id: string, @IfMatchOf() ifMatch: IfMatch): Promise<void> {
    return this.roles.delete(caller, id, ifMatch);
  }
}
