import { Body, Controller, Delete, Get, HttpCode, Inject, Ip, Post, Req, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { AnySignedIn } from '../access/any-signed-in.decorator.js';
import { Fails } from '../http/fails.decorator.js';
import { CallerOf } from '../http/caller.decorator.js';
import type { ApiRequest, Caller } from '../http/request.js';
import { Public } from './public.decorator.js';
import { clearSessionCookie } from './session-cookie.js';
import { CurrentSession, NewSession, Session } from './session.dto.js';
import { SessionService } from './session.service.js';
import { toCurrentSession, toSession } from './session-answer.js';

@ApiTags('sessions')
@Controller('sessions')
export class SessionController {
  constructor(@Inject(SessionService) private readonly sessions: SessionService) {}

  @Post()
  @Public()
  @Fails('unauthenticated')
  @ApiOperation({ summary: 'Sign in', security: [] })
  @ApiCreatedResponse({ type: Session })
  async open(
    @Body() body: NewSession,
    @Ip() address: string,
    @Req() request: ApiRequest,
    @Res({ passthrough: true }) response: Response,
  ): Promise<Session> {
    return toSession(await this.sessions.open(body, address), body.cookie === true, request, response);
  }

  @Get('current')
  @AnySignedIn()
  @Fails()
  @ApiOperation({ summary: 'Who is signed in, and what he may do' })
  @ApiOkResponse({ type: CurrentSession })
  current(@CallerOf() caller: Caller): CurrentSession {
    return toCurrentSession(caller);
  }

  @Delete('current')
  @AnySignedIn()
  @HttpCode(204)
  @Fails()
  @ApiOperation({ summary: 'Sign out: this token ends' })
  @ApiNoContentResponse()
  async close(
    @CallerOf() caller: Caller,
    @Req() request: ApiRequest,
    @Res({ passthrough: true }) response: Response,
  ): Promise<void> {
    await this.sessions.close(caller);
    if (caller.via === 'cookie') clearSessionCookie(request, response);
  }
}
