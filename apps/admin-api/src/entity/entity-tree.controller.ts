import type { Page } from '@app/persistence';
import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Requires } from '../access/requires.decorator.js';
import { CallerOf } from '../http/caller.decorator.js';
import { Fails } from '../http/fails.decorator.js';
import { IdOf } from '../http/id.pipe.js';
import { ApiPage } from '../http/page-response.decorator.js';
import type { Caller } from '../http/request.js';
import { EntityTreeNode, EntityTreeQuery } from './entity-tree.dto.js';
import { EntityTreeService } from './entity-tree.service.js';

@ApiTags('entities')
@Controller('sites')
export class EntityTreeController {
  constructor(@Inject(EntityTreeService) private readonly trees: EntityTreeService) {}

  @Get(':id/tree')
  @Requires('cameras:read')
  @Fails('entity-not-found')
  @ApiOperation({
    summary: 'The entities of a site as a tree: each before what is in it, with the states of all below',
  })
  @ApiPage(EntityTreeNode)
  page(
    @CallerOf() caller: Caller,
    @IdOf('id') id: string,
    @Query() query: EntityTreeQuery,
  ): Promise<Page<EntityTreeNode>> {
    return this.trees.page(caller.tenantId, id, query);
  }
}
