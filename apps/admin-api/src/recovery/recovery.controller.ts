import { Body, Controller, Get, HttpCode, Inject, Post } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Requires } from '../access/requires.decorator.js';
import { CallerOf } from '../http/caller.decorator.js';
import { Fails } from '../http/fails.decorator.js';
import { IdOf } from '../http/id.pipe.js';
import type { Caller } from '../http/request.js';
import { Recovery, RecoveryApproval } from './recovery.dto.js';
import { RecoveryService } from './recovery.service.js';

@ApiTags('recovery')
@Controller('recovery')
export class RecoveryController {
  constructor(@Inject(RecoveryService) private readonly recovery: RecoveryService) {}

  @Get()
  @Requires('agents:read')
  @Fails('not-found')
  @ApiOperation({ summary: 'The newest restore from a backup, and the agents that wait to be approved' })
  @ApiOkResponse({ type: Recovery })
  find(@CallerOf() caller: Caller): Promise<Recovery> {
    return this.recovery.find(caller);
  }

  @Post('agents/:id/approve')
  @Requires('agents:write')
  @Fails('not-found', 'certificate-unknown', 'enrolment-revoked', 'conflict')
  @HttpCode(204)
  @ApiOperation({ summary: 'Put an agent back that the restored backup does not know' })
  @ApiNoContentResponse({ description: 'the agent is let in when it comes next' })
  approve(@CallerOf() caller: Caller, @IdOf('id') id: string, @Body() { serial }: RecoveryApproval): Promise<void> {
    return this.recovery.approve(caller, id, serial);
  }

  @Post('close')
  @Requires('agents:write')
  @Fails('not-found')
  @HttpCode(200)
  @ApiOperation({ summary: 'End the recovery: agents that are not on record stay out from here on' })
  @ApiOkResponse({ type: Recovery })
  close(@CallerOf() caller: Caller): Promise<Recovery> {
    return this.recovery.close(caller);
  }
}
