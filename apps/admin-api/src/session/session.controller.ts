import { Body, Controller, Delete, HttpCode, Inject, Ip, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Fails } from '../http/fails.decorator.js';
import { CallerOf } from '../http/caller.decorator.js';
import type { Caller } from '../http/request.js';
import { Public } from './public.decorator.js';
import { NewSession, Session } from './session.dto.js';
import { SessionService } from './session.service.js';

@ApiTags('sessions')
@Controller('sessions')
export class SessionController {
  constructor(@Inject(SessionService) private readonly sessions: SessionService) {}

  @Post()
  @Public()
  @Fails('unauthenticated')
  @ApiOperation({ summary: 'Sign in', security: [] })
  @ApiCreatedResponse({ type: Session })
  open(@Body() body: NewSession, @Ip() address: string): Promise<Session> {
    return this.sessions.open(body, address);
  }

  @Delete('current')
  @HttpCode(204)
  @Fails()
  @ApiOperation({ summary: 'Sign out: this token ends' })
  @ApiNoContentResponse()
  close(@CallerOf() caller: Caller): Promise<void> {
    return this.sessions.close(caller);
  }
}
