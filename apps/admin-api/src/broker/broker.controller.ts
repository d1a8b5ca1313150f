import type { Page } from '@app/persistence';
import { Body, Controller, Get, HttpCode, Inject, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Requires } from '../access/requires.decorator.js';
import { CallerOf } from '../http/caller.decorator.js';
import { Fails } from '../http/fails.decorator.js';
import { IdOf } from '../http/id.pipe.js';
import { ApiPage } from '../http/page-response.decorator.js';
import { PageQuery } from '../http/page.dto.js';
import type { Caller } from '../http/request.js';
import { Broker, BrokerDraining, BrokerDrainOrder } from './broker.dto.js';
import { BrokerService } from './broker.service.js';

@ApiTags('tunnels')
@Controller('brokers')
export class BrokerController {
  constructor(@Inject(BrokerService) private readonly brokers: BrokerService) {}

  @Get()
  @Requires('tunnels:read')
  @Fails('not-found')
  @ApiOperation({ summary: 'The brokers of the deployment, newest first; for its provider’s tenant' })
  @ApiPage(Broker)
  list(@CallerOf() caller: Caller, @Query() query: PageQuery): Promise<Page<Broker>> {
    return this.brokers.list(caller, query);
  }

  @Post(':id/drain')
  @Requires('tunnels:control')
  @Fails('conflict')
  @HttpCode(200)
  @ApiOperation({ summary: 'Move every agent of a broker to others; it takes no new one until it is restarted' })
  @ApiOkResponse({ type: BrokerDraining })
  drain(@CallerOf() caller: Caller, @IdOf('id') id: string, @Body() body: BrokerDrainOrder): Promise<BrokerDraining> {
    return this.brokers.drain(caller, id, body);
  }
}
