import type { IfMatch } from '@app/contracts';
import type { Page } from '@app/persistence';
import { Body, Controller, Get, HttpCode, Inject, Patch, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Requires } from '../access/requires.decorator.js';
import { CallerOf } from '../http/caller.decorator.js';
import { Fails } from '../http/fails.decorator.js';
import { IdOf } from '../http/id.pipe.js';
import { IfMatchOf } from '../http/if-match.decorator.js';
import { ApiPage } from '../http/page-response.decorator.js';
import { PageQuery } from '../http/page.dto.js';
import type { Caller } from '../http/request.js';
import { Tagged } from '../http/tagged.decorator.js';
import { AnsweredOnce } from '../idempotency/answered-once.decorator.js';
import {
  NewStreamAccount,
  StreamAccount,
  StreamAccountChangesBody,
  StreamAccountWithPassword,
} from './stream-account.dto.js';
import { StreamAccountService, streamAccountTag } from './stream-account.service.js';

/** Whoever makes an account, or gets its password, can watch with it: that needs the right to watch, too. */
@ApiTags('stream accounts')
@Controller('stream-accounts')
export class StreamAccountController {
  constructor(@Inject(StreamAccountService) private readonly accounts: StreamAccountService) {}

  @Post()
  @Requires('stream-accounts:write', 'video:watch')
  @Fails('camera-not-found', 'not-found', 'conflict')
  @AnsweredOnce('password', 'urls', 'urlTemplate')
  @ApiOperation({ summary: 'A user and a password for a recorder that stores stream URLs; answered this once' })
  @ApiCreatedResponse({ type: StreamAccountWithPassword })
  create(@CallerOf() caller: Caller, @Body() body: NewStreamAccount): Promise<StreamAccountWithPassword> {
    return this.accounts.create(caller, body);
  }

  @Get()
  @Requires('stream-accounts:read')
  @Fails()
  @ApiOperation({ summary: 'Stream accounts, oldest first, the revoked ones too' })
  @ApiPage(StreamAccount)
  list(@CallerOf() caller: Caller, @Query() query: PageQuery): Promise<Page<StreamAccount>> {
    return this.accounts.list(caller.tenantId, query);
  }

  @Get(':id')
  @Requires('stream-accounts:read')
  @Tagged(streamAccountTag)
  @Fails()
  @ApiOperation({ summary: 'One stream account' })
  @ApiOkResponse({ type: StreamAccount })
  find(@CallerOf() caller: Caller, @IdOf('id') id: string): Promise<StreamAccount> {
    return this.accounts.find(caller.tenantId, id);
  }

  @Patch(':id')
  @Requires('stream-accounts:write', 'video:watch')
  @Tagged(streamAccountTag)
  @Fails('camera-not-found', 'conflict')
  @ApiOperation({ summary: 'Change what an account may; its streams end, and those that are still allowed come back' })
  @ApiOkResponse({ type: StreamAccount })
  change(
    @CallerOf() caller: Caller,
    @IdOf('id') id: string,
    @Body() body: StreamAccountChangesBody,
    @IfMatchOf() ifMatch: IfMatch,
  ): Promise<StreamAccount> {
    return this.accounts.change(caller, id, body, ifMatch);
  }

  @Post(':id/rotate-password')
  @Requires('stream-accounts:write', 'video:watch')
  @Fails('conflict')
  @AnsweredOnce('password', 'urls', 'urlTemplate')
  @HttpCode(200)
  @ApiOperation({ summary: 'Another password, at once: streams under the one before end within seconds' })
  @ApiOkResponse({ type: StreamAccountWithPassword })
  rotate(@CallerOf() caller: Caller, @IdOf('id') id: string): Promise<StreamAccountWithPassword> {
    return this.accounts.rotate(caller, id);
  }

  @Post(':id/revoke')
  @Requires('stream-accounts:revoke')
  @HttpCode(200)
  @Fails()
  @ApiOperation({ summary: 'End an account for good, and its streams within seconds' })
  @ApiOkResponse({ type: StreamAccount })
  revoke(@CallerOf() caller: Caller, @IdOf('id') id: string): Promise<StreamAccount> {
    return this.accounts.revoke(caller, id);
  }
}
