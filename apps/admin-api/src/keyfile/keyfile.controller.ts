import type { Page } from '@app/persistence';
import { Body, Controller, Get, HttpCode, Inject, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Requires } from '../access/requires.decorator.js';
import { CallerOf } from '../http/caller.decorator.js';
import { IdOf } from '../http/id.pipe.js';
import { ApiPage } from '../http/page-response.decorator.js';
import { PageQuery } from '../http/page.dto.js';
import type { Caller } from '../http/request.js';
import { AnsweredOnce } from '../idempotency/answered-once.decorator.js';
import { IssuedKeyfile, Keyfile, KeyfileRevocation, NewKeyfile } from './keyfile.dto.js';
import { KeyfileService } from './keyfile.service.js';

@ApiTags('keyfiles')
@Controller()
export class KeyfileController {
  constructor(@Inject(KeyfileService) private readonly keyfiles: KeyfileService) {}

  @Post('sites/:siteId/keyfiles')
  @Requires('keyfiles:issue')
  @ApiOperation({ summary: 'Issue a keyfile; its content is answered this once' })
  @AnsweredOnce('content')
  @ApiCreatedResponse({ type: IssuedKeyfile })
  issue(@CallerOf() caller: Caller, @IdOf('siteId') siteId: string, @Body() body: NewKeyfile): Promise<IssuedKeyfile> {
    return this.keyfiles.issue(caller, siteId, body);
  }

  @Get('sites/:siteId/keyfiles')
  @Requires('keyfiles:read')
  @ApiOperation({ summary: 'Keyfiles of a site' })
  @ApiPage(Keyfile)
  list(@CallerOf() caller: Caller, @IdOf('siteId') siteId: string, @Query() query: PageQuery): Promise<Page<Keyfile>> {
    return this.keyfiles.list(caller.tenantId, siteId, query);
  }

  @Get('keyfiles/:id')
  @Requires('keyfiles:read')
  @ApiOperation({ summary: 'One keyfile' })
  @ApiOkResponse({ type: Keyfile })
  find(@CallerOf() caller: Caller, @IdOf('id') id: string): Promise<Keyfile> {
    return this.keyfiles.find(caller.tenantId, id);
  }

  @Post('keyfiles/:id/revoke')
  @Requires('keyfiles:revoke')
  @HttpCode(200)
  @ApiOperation({ summary: 'Revoke a keyfile, and the identity that came of it' })
  @ApiOkResponse({ type: Keyfile })
  revoke(@CallerOf() caller: Caller, @IdOf('id') id: string, @Body() body: KeyfileRevocation): Promise<Keyfile> {
    return this.keyfiles.revoke(caller, id, body.reason);
  }
}
