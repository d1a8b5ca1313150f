import type { Page } from '@app/persistence';
import { Body, Controller, Get, HttpCode, Inject, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Requires } from '../access/requires.decorator.js';
import { CallerOf } from '../http/caller.decorator.js';
import { Fails } from '../http/fails.decorator.js';
import { IdOf } from '../http/id.pipe.js';
import { ApiPage } from '../http/page-response.decorator.js';
import type { Caller } from '../http/request.js';
import { AnsweredOnce } from '../idempotency/answered-once.decorator.js';
import {
  IssuedKeyfile,
  Keyfile,
  KeyfileDetails,
  KeyfileQuery,
  KeyfileRevocation,
  KeyfileTerms,
  NewKeyfile,
  SiteKeyfileQuery,
  SiteReplacement,
} from './keyfile.dto.js';
import { KeyfileService } from './keyfile.service.js';

@ApiTags('keyfiles')
@Controller()
export class KeyfileController {
  constructor(@Inject(KeyfileService) private readonly keyfiles: KeyfileService) {}

  @Post('sites/:siteId/keyfiles')
  @Requires('keyfiles:issue')
  @Fails('site-enrolled')
  @ApiOperation({ summary: 'Issue a keyfile; its content is answered this once' })
  @AnsweredOnce('content')
  @ApiCreatedResponse({ type: IssuedKeyfile })
  issue(@CallerOf() caller: Caller, @IdOf('siteId') siteId: string, @Body() body: NewKeyfile): Promise<IssuedKeyfile> {
    return this.keyfiles.issue(caller, siteId, body);
  }

  @Post('sites/:siteId/replace')
  @Requires('keyfiles:issue')
  @Fails()
  @AnsweredOnce('content')
  @ApiOperation({ summary: 'Replace the server of a site: a keyfile for the new one, the old one is cut off' })
  @ApiCreatedResponse({ type: IssuedKeyfile })
  replace(
    @CallerOf() caller: Caller,
    @IdOf('siteId') siteId: string,
    @Body() body: SiteReplacement,
  ): Promise<IssuedKeyfile> {
    return this.keyfiles.replace(caller, siteId, body);
  }

  @Get('keyfiles')
  @Requires('keyfiles:read')
  @Fails()
  @ApiOperation({ summary: 'Keyfiles of all sites, newest first' })
  @ApiPage(Keyfile)
  listAll(@CallerOf() caller: Caller, @Query() query: KeyfileQuery): Promise<Page<Keyfile>> {
    return this.keyfiles.listAll(caller.tenantId, query);
  }

  @Get('sites/:siteId/keyfiles')
  @Requires('keyfiles:read')
  @Fails()
  @ApiOperation({ summary: 'Keyfiles of a site' })
  @ApiPage(Keyfile)
  list(
    @CallerOf() caller: Caller,
    @IdOf('siteId') siteId: string,
    @Query() query: SiteKeyfileQuery,
  ): Promise<Page<Keyfile>> {
    return this.keyfiles.list(caller.tenantId, siteId, query);
  }

  @Get('keyfiles/:id')
  @Requires('keyfiles:read')
  @Fails('keyfile-not-found')
  @ApiOperation({ summary: 'One keyfile, and what happened to it' })
  @ApiOkResponse({ type: KeyfileDetails })
  find(@CallerOf() caller: Caller, @IdOf('id') id: string): Promise<KeyfileDetails> {
    return this.keyfiles.find(caller.tenantId, id);
  }

  @Post('keyfiles/:id/regenerate')
  @Requires('keyfiles:issue')
  @Fails('keyfile-not-found', 'keyfile-state')
  @AnsweredOnce('content')
  @ApiOperation({ summary: 'Take back a keyfile that was not used, and issue another in its place' })
  @ApiCreatedResponse({ type: IssuedKeyfile })
  regenerate(@CallerOf() caller: Caller, @IdOf('id') id: string, @Body() body: KeyfileTerms): Promise<IssuedKeyfile> {
    return this.keyfiles.regenerate(caller, id, body);
  }

  @Post('keyfiles/:id/revoke')
  @Requires('keyfiles:revoke')
  @Fails('keyfile-not-found')
  @HttpCode(200)
  @ApiOperation({ summary: 'Revoke a keyfile, and the identity that came of it' })
  @ApiOkResponse({ type: Keyfile })
  revoke(@CallerOf() caller: Caller, @IdOf('id') id: string, @Body() body: KeyfileRevocation): Promise<Keyfile> {
    return this.keyfiles.revoke(caller, id, body.reason);
  }
}
