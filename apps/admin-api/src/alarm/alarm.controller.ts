import type { Page } from '@app/persistence';
import { Controller, Get, HttpCode, Inject, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Requires } from '../access/requires.decorator.js';
import { CallerOf } from '../http/caller.decorator.js';
import { Fails } from '../http/fails.decorator.js';
import { IdOf } from '../http/id.pipe.js';
import { ApiPage } from '../http/page-response.decorator.js';
import type { Caller } from '../http/request.js';
import { Alarm, AlarmQuery } from './alarm.dto.js';
import { AlarmService } from './alarm.service.js';

@ApiTags('alarms')
@Controller('alarms')
export class AlarmController {
  constructor(@Inject(AlarmService) private readonly alarms: AlarmService) {}

  @Get()
  @Requires('events:read')
  @Fails()
  @ApiOperation({ summary: 'Alarms of the sites, newest first' })
  @ApiPage(Alarm)
  list(@CallerOf() caller: Caller, @Query() query: AlarmQuery): Promise<Page<Alarm>> {
    return this.alarms.list(caller.tenantId, query);
  }

  @Get(':id')
  @Requires('events:read')
  @Fails('alarm-not-found')
  @ApiOperation({ summary: 'One alarm' })
  @ApiOkResponse({ type: Alarm })
  find(@CallerOf() caller: Caller, @IdOf('id') id: string): Promise<Alarm> {
    return this.alarms.find(caller.tenantId, id);
  }

  @Post(':id/acknowledge')
  @Requires('alarms:acknowledge')
  @HttpCode(200)
  @Fails('alarm-not-found')
  @ApiOperation({ summary: 'Acknowledge an alarm; its site is told as soon as it is there' })
  @ApiOkResponse({ type: Alarm })
  acknowledge(@CallerOf() caller: Caller, @IdOf('id') id: string): Promise<Alarm> {
    return this.alarms.acknowledge(caller, id);
  }
}
