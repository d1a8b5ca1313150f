import type { IfMatch } from '@app/contracts';
import type { Page } from '@app/persistence';
import { Body, Controller, Get, Inject, Patch, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Requires } from '../access/requires.decorator.js';
import { Fails } from '../http/fails.decorator.js';
import { CallerOf } from '../http/caller.decorator.js';
import { IdOf } from '../http/id.pipe.js';
import { IfMatchOf } from '../http/if-match.decorator.js';
import { ApiPage } from '../http/page-response.decorator.js';
import { PageQuery } from '../http/page.dto.js';
import type { Caller } from '../http/request.js';
import { CreatedTenant, NewTenant, Tenant, TenantChanges } from './tenant.dto.js';
import { Tagged } from '../http/tagged.decorator.js';
import { tenantTag, TenantService } from './tenant.service.js';

@ApiTags('tenants')
@Controller('tenants')
export class TenantController {
  constructor(@Inject(TenantService) private readonly tenants: TenantService) {}

  @Post()
  @Requires('tenants:write')
  @Fails('username-taken')
  @ApiOperation({ summary: 'Create a tenant with its first administrator; for the provider’s own tenant' })
  @ApiCreatedResponse({ type: CreatedTenant })
  create(@CallerOf() caller: Caller, @Body() body: NewTenant): Promise<CreatedTenant> {
    return this.tenants.create(caller, body);
  }

  @Get()
  @Requires('tenants:read')
  @Fails()
  @ApiOperation({ summary: 'The caller’s own tenant; the provider’s sees all' })
  @ApiPage(Tenant)
  list(@CallerOf() caller: Caller, @Query() query: PageQuery): Promise<Page<Tenant>> {
    return this.tenants.list(caller.tenantId, query);
  }

  @Get(':id')
  @Requires('tenants:read')
  @Tagged(tenantTag)
  @Fails()
  @ApiOperation({ summary: 'One tenant; another one is not found, except by the provider’s' })
  @ApiOkResponse({ type: Tenant })
  find(@CallerOf() caller: Caller, @IdOf('id') id: string): Promise<Tenant> {
    return this.tenants.find(caller.tenantId, id);
  }

  @Patch(':id')
  @Requires('tenants:write')
  @Tagged(tenantTag)
  @Fails()
  @ApiOperation({ summary: 'Rename a tenant; for the provider’s own tenant' })
  @ApiOkResponse({ type: Tenant })
  change(
    @CallerOf() caller: Caller,
    @IdOf('id') id: string,
    @Body() body: TenantChanges,
    @IfMatchOf() ifMatch: IfMatch,
  ): Promise<Tenant> {
    return this.tenants.change(caller, id, body.name, ifMatch);
  }
}
