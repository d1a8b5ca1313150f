import type { IfMatch } from '@app/contracts';
import type { Page } from '@app/persistence';
import { Body, Controller, Get, HttpCode, Inject, Patch, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Requires } from '../access/requires.decorator.js';
import { CallerOf } from '../http/caller.decorator.js';
import { Fails } from '../http/fails.decorator.js';
import { IdOf } from '../http/id.pipe.js';
import { IfMatchOf } from '../http/if-match.decorator.js';
import { ApiPage } from '../http/page-response.decorator.js';
import type { Caller } from '../http/request.js';
import { Tagged } from '../http/tagged.decorator.js';
import { entityTag } from './entity-resource.js';
import { Entity, EntityChanges, EntityQuery, EntityStates, EntityStatesQuery } from './entity.dto.js';
import { EntityService } from './entity.service.js';

@ApiTags('entities')
@Controller('entities')
export class EntityController {
  constructor(@Inject(EntityService) private readonly entities: EntityService) {}

  @Get()
  @Requires('cameras:read')
  @Fails()
  @ApiOperation({ summary: 'Entities of all federated sites by text, place, kind and state' })
  @ApiPage(Entity)
  list(@CallerOf() caller: Caller, @Query() query: EntityQuery): Promise<Page<Entity>> {
    return this.entities.list(caller.tenantId, query);
  }

  @Post('states')
  @HttpCode(200)
  @Requires('cameras:read')
  @Fails()
  @ApiOperation({ summary: 'States of up to 1,000 entities at once' })
  @ApiOkResponse({ type: EntityStates })
  states(@CallerOf() caller: Caller, @Body() { ids }: EntityStatesQuery): Promise<EntityStates> {
    return this.entities.states(caller.tenantId, ids);
  }

  @Get(':id')
  @Requires('cameras:read')
  @Tagged(entityTag)
  @Fails('entity-not-found')
  @ApiOperation({ summary: 'One entity' })
  @ApiOkResponse({ type: Entity })
  find(@CallerOf() caller: Caller, @IdOf('id') id: string): Promise<Entity> {
    return this.entities.find(caller.tenantId, id);
  }

  @Patch(':id')
  @Requires('sites:write')
  @Tagged(entityTag)
  @Fails('entity-not-found')
  @ApiOperation({ summary: 'Note something of an entity; its name and all else are the site’s' })
  @ApiOkResponse({ type: Entity })
  change(
    @CallerOf() caller: Caller,
    @IdOf('id') id: string,
    @Body() body: EntityChanges,
    @IfMatchOf() ifMatch: IfMatch,
  ): Promise<Entity> {
    return this.entities.change(caller, id, body, ifMatch);
  }
}
