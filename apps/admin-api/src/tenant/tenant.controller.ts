import { ResourceTag } from '@app/contracts';
import type { Page } from '@app/persistence';
import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Requires } from '../access/requires.decorator.js';
import { Fails } from '../http/fails.decorator.js';
import { CallerOf } from '../http/caller.decorator.js';
import { IdOf } from '../http/id.pipe.js';
import { ApiPage } from '../http/page-response.decorator.js';
import { PageQuery } from '../http/page.dto.js';
import type { Caller } from '../http/request.js';
import { Tagged } from '../http/tagged.decorator.js';
import { Tenant } from './tenant.dto.js';
import { TenantService } from './tenant.service.js';

const tenantTag = new ResourceTag<Tenant>();

@ApiTags('tenants')
@Controller('tenants')
export class TenantController {
  constructor(@Inject(TenantService) private readonly tenants: TenantService) {}

  @Get()
  @Requires('tenants:read')
  @Fails()
  @ApiOperation({ summary: 'The caller’s own tenant' })
  @ApiPage(Tenant)
  list(@CallerOf() caller: Caller, @Query() query: PageQuery): Promise<Page<Tenant>> {
    return this.tenants.list(caller.tenantId, query);
  }

  @Get(':id')
  @Requires('tenants:read')
  @Tagged(tenantTag)
  @Fails()
  @ApiOperation({ summary: 'One tenant; another one is not found' })
  @ApiOkResponse({ type: Tenant })
  find(@CallerOf() caller: Caller, @IdOf('id') id: string): Promise<Tenant> {
    return this.tenants.find(caller.tenantId, id);
  }
}
