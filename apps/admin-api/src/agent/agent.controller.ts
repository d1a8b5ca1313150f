import type { Page } from '@app/persistence';
import { Body, Controller, Get, HttpCode, Inject, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Requires } from '../access/requires.decorator.js';
import { CallerOf } from '../http/caller.decorator.js';
import { Fails } from '../http/fails.decorator.js';
import { IdOf } from '../http/id.pipe.js';
import { ApiPage } from '../http/page-response.decorator.js';
import { PageQuery } from '../http/page.dto.js';
import type { Caller } from '../http/request.js';
import { AnsweredOnce } from '../idempotency/answered-once.decorator.js';
import { IssuedKeyfile } from '../keyfile/keyfile.dto.js';
import { Agent, AgentCertificate, AgentOrder, AgentPageQuery, ReturnApproval } from './agent.dto.js';
import { AgentService } from './agent.service.js';

@ApiTags('agents')
@Controller('agents')
export class AgentController {
  constructor(@Inject(AgentService) private readonly agents: AgentService) {}

  @Get()
  @Requires('agents:read')
  @Fails()
  @ApiOperation({ summary: 'Agents, oldest first, of one site or of all' })
  @ApiPage(Agent)
  list(@CallerOf() caller: Caller, @Query() query: AgentPageQuery): Promise<Page<Agent>> {
    return this.agents.list(caller.tenantId, query);
  }

  @Get(':id')
  @Requires('agents:read')
  @Fails()
  @ApiOperation({ summary: 'One agent' })
  @ApiOkResponse({ type: Agent })
  find(@CallerOf() caller: Caller, @IdOf('id') id: string): Promise<Agent> {
    return this.agents.find(caller.tenantId, id);
  }

  @Get(':id/certificates')
  @Requires('agents:read')
  @Fails()
  @ApiOperation({ summary: 'Certificates of an agent, newest first' })
  @ApiPage(AgentCertificate)
  certificates(
    @CallerOf() caller: Caller,
    @IdOf('id') id: string,
    @Query() query: PageQuery,
  ): Promise<Page<AgentCertificate>> {
    return this.agents.certificates(caller.tenantId, id, query);
  }

  @Post(':id/revoke')
  @Requires('agents:write')
  @Fails('agent-state')
  @HttpCode(200)
  @ApiOperation({ summary: 'Revoke an agent with its keyfiles and certificates; its tunnel is cut' })
  @ApiOkResponse({ type: Agent })
  revoke(@CallerOf() caller: Caller, @IdOf('id') id: string, @Body() { reason }: AgentOrder): Promise<Agent> {
    return this.agents.order(caller, id, 'revoke', reason ?? 'revoked by operator');
  }

  @Post(':id/lock')
  @Requires('agents:write')
  @Fails('agent-state')
  @HttpCode(200)
  @ApiOperation({ summary: 'Let an agent in no more until it is unlocked; its tunnel is cut' })
  @ApiOkResponse({ type: Agent })
  lock(@CallerOf() caller: Caller, @IdOf('id') id: string, @Body() { reason }: AgentOrder): Promise<Agent> {
    return this.agents.order(caller, id, 'lock', reason ?? 'locked by operator');
  }

  @Post(':id/unlock')
  @Requires('agents:write')
  @Fails('agent-state')
  @HttpCode(200)
  @ApiOperation({ summary: 'Let a locked agent in again' })
  @ApiOkResponse({ type: Agent })
  unlock(@CallerOf() caller: Caller, @IdOf('id') id: string, @Body() { reason }: AgentOrder): Promise<Agent> {
    return this.agents.order(caller, id, 'unlock', reason ?? 'unlocked by operator');
  }

  @Post(':id/approve-return')
  @Requires('agents:write')
  @AnsweredOnce('content')
  @Fails('agent-state')
  @ApiOperation({
    summary:
      'A keyfile for the return of an agent whose certificate is over; worth nothing without the agent’s own key',
  })
  @ApiCreatedResponse({ type: IssuedKeyfile })
  approveReturn(
    @CallerOf() caller: Caller,
    @IdOf('id') id: string,
    @Body() { validForSeconds }: ReturnApproval,
  ): Promise<IssuedKeyfile> {
    return this.agents.approveReturn(caller, id, validForSeconds);
  }
}
