import type { Page } from '@app/persistence';
import { Body, Controller, Delete, Get, HttpCode, Inject, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AnySignedIn } from '../access/any-signed-in.decorator.js';
import { CallerOf } from '../http/caller.decorator.js';
import { Fails } from '../http/fails.decorator.js';
import { IdOf } from '../http/id.pipe.js';
import { ApiPage } from '../http/page-response.decorator.js';
import type { Caller } from '../http/request.js';
import { AnsweredOnce } from '../idempotency/answered-once.decorator.js';
import { ApiToken, ApiTokenQuery, IssuedApiToken, NewApiToken } from './api-token.dto.js';
import { ApiTokenService } from './api-token.service.js';

@ApiTags('API tokens')
@AnySignedIn()
@Controller('api-tokens')
export class ApiTokenController {
  constructor(@Inject(ApiTokenService) private readonly tokens: ApiTokenService) {}

  @Post()
  @Fails('conflict')
  @AnsweredOnce('token')
  @ApiOperation({ summary: 'A token for a program of one’s own; answered this once' })
  @ApiCreatedResponse({ type: IssuedApiToken })
  create(@CallerOf() caller: Caller, @Body() body: NewApiToken): Promise<IssuedApiToken> {
    return this.tokens.create(caller, body);
  }

  @Get()
  @Fails('not-found')
  @ApiOperation({ summary: 'One’s own API tokens, oldest first, or another operator’s' })
  @ApiPage(ApiToken)
  list(@CallerOf() caller: Caller, @Query() query: ApiTokenQuery): Promise<Page<ApiToken>> {
    return this.tokens.list(caller, query);
  }

  @Get(':id')
  @Fails()
  @ApiOperation({ summary: 'One API token' })
  @ApiOkResponse({ type: ApiToken })
  find(@CallerOf() caller: Caller, @IdOf('id') id: string): Promise<ApiToken> {
    return this.tokens.find(caller, id);
  }

  @Delete(':id')
  @HttpCode(204)
  @Fails()
  @ApiOperation({ summary: 'End an API token: one’s own, or with `operators:write` anybody’s' })
  @ApiNoContentResponse()
  revoke(@CallerOf() caller: Caller, @IdOf('id') id: string): Promise<void> {
    return this.tokens.revoke(caller, id);
  }
}
