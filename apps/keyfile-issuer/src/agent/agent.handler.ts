import { agentApproveReturn, agentLock, agentRevoke, agentUnlock, enrolmentStale } from '@app/contracts';
import { HandleRequest } from '@app/runtime';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import type { z } from 'zod';
import { AgentService } from './agent.service.js';
import { ReturnService } from './return.service.js';

@Controller()
export class AgentHandler {
  constructor(
    private readonly agents: AgentService,
    private readonly returns: ReturnService,
  ) {}

  @HandleRequest(agentRevoke)
  revoke(@Payload() request: z.output<typeof agentRevoke.request>): Promise<z.input<typeof agentRevoke.reply>> {
    return this.agents.revoke(request);
  }

  @HandleRequest(agentLock)
  lock(@Payload() request: z.output<typeof agentLock.request>): Promise<z.input<typeof agentLock.reply>> {
    return this.agents.lock(request);
  }

  @HandleRequest(agentUnlock)
  unlock(@Payload() request: z.output<typeof agentUnlock.request>): Promise<z.input<typeof agentUnlock.reply>> {
    return this.agents.unlock(request);
  }

  @HandleRequest(agentApproveReturn)
  approveReturn(
    @Payload() request: z.output<typeof agentApproveReturn.request>,
  ): Promise<z.input<typeof agentApproveReturn.reply>> {
    return this.returns.approve(request);
  }

  @HandleRequest(enrolmentStale)
  lockStale(
    @Payload() request: z.output<typeof enrolmentStale.request>,
  ): Promise<z.input<typeof enrolmentStale.reply>> {
    return this.agents.lockStale(request);
  }
}
