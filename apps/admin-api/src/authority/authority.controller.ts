import type { Page } from '@app/persistence';
import { Body, Controller, Get, HttpCode, Inject, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Requires } from '../access/requires.decorator.js';
import { CallerOf } from '../http/caller.decorator.js';
import { Fails } from '../http/fails.decorator.js';
import { ApiPage } from '../http/page-response.decorator.js';
import { PageQuery } from '../http/page.dto.js';
import type { Caller } from '../http/request.js';
import { Authority, MissingAgent, RotationRollback, RotationStart } from './authority.dto.js';
import { AuthorityService } from './authority.service.js';

@ApiTags('authority')
@Controller('authority')
export class AuthorityController {
  constructor(@Inject(AuthorityService) private readonly authority: AuthorityService) {}

  @Get()
  @Requires('authority:read')
  @Fails()
  @ApiOperation({ summary: 'The CAs, and where their rotation is; for the provider’s tenant alone' })
  @ApiOkResponse({ type: Authority })
  find(@CallerOf() caller: Caller): Promise<Authority> {
    return this.authority.find(caller);
  }

  @Get('missing-agents')
  @Requires('authority:read')
  @Fails()
  @ApiOperation({
    summary: 'Agents of all tenants that the end of the other CAs would cut off, oldest enrolment first',
  })
  @ApiPage(MissingAgent)
  missing(@CallerOf() caller: Caller, @Query() query: PageQuery): Promise<Page<MissingAgent>> {
    return this.authority.missing(caller, query);
  }

  @Post('rotation')
  @Requires('authority:write')
  @Fails('rotation-state', 'rotation-recovery-open')
  @HttpCode(200)
  @ApiOperation({ summary: 'Begin a rotation: make the next CAs' })
  @ApiOkResponse({ type: Authority })
  prepare(@CallerOf() caller: Caller, @Body() { revision }: RotationStart): Promise<Authority> {
    return this.authority.rotate(caller, 'prepare', revision);
  }

  @Post('rotation/publish')
  @Requires('authority:write')
  @Fails('rotation-state', 'rotation-recovery-open')
  @HttpCode(200)
  @ApiOperation({ summary: 'Let brokers and agents trust the next CAs too' })
  @ApiOkResponse({ type: Authority })
  publish(@CallerOf() caller: Caller, @Body() { revision }: RotationStart): Promise<Authority> {
    return this.authority.rotate(caller, 'publish', revision);
  }

  @Post('rotation/activate')
  @Requires('authority:write')
  @Fails('rotation-state', 'rotation-recovery-open', 'rotation-brokers-behind')
  @HttpCode(200)
  @ApiOperation({ summary: 'Let the next CAs issue' })
  @ApiOkResponse({ type: Authority })
  activate(@CallerOf() caller: Caller, @Body() { revision }: RotationStart): Promise<Authority> {
    return this.authority.rotate(caller, 'activate', revision);
  }

  @Post('rotation/taint')
  @Requires('authority:write')
  @Fails('rotation-state', 'rotation-recovery-open')
  @HttpCode(200)
  @ApiOperation({ summary: 'Have agents renew what the CAs of before issued, spread over time' })
  @ApiOkResponse({ type: Authority })
  taint(@CallerOf() caller: Caller, @Body() { revision }: RotationStart): Promise<Authority> {
    return this.authority.rotate(caller, 'taint', revision);
  }

  @Post('rotation/retire')
  @Requires('authority:write')
  @Fails(
    'rotation-state',
    'rotation-recovery-open',
    'rotation-brokers-behind',
    'rotation-agents-missing',
    'rotation-keyfiles-open',
  )
  @HttpCode(200)
  @ApiOperation({ summary: 'End the CAs of before, for good: their keys are destroyed' })
  @ApiOkResponse({ type: Authority })
  retire(@CallerOf() caller: Caller, @Body() { revision }: RotationStart): Promise<Authority> {
    return this.authority.rotate(caller, 'retire', revision);
  }

  @Post('rotation/rollback')
  @Requires('authority:write')
  @Fails('rotation-state', 'rotation-agents-missing', 'rotation-keyfiles-open')
  @HttpCode(200)
  @ApiOperation({ summary: 'Take the last step back; the first two together' })
  @ApiOkResponse({ type: Authority })
  rollback(@CallerOf() caller: Caller, @Body() { revision }: RotationRollback): Promise<Authority> {
    return this.authority.rotate(caller, 'rollback', revision);
  }
}
