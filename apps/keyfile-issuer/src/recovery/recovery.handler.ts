import { enrolmentRecover, recoveryApprove, recoveryClose, recoveryGet } from '@app/contracts';
import { HandleRequest } from '@app/runtime';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import type { z } from 'zod';
import { RecoveryService } from './recovery.service.js';

@Controller()
export class RecoveryHandler {
  constructor(private readonly recovery: RecoveryService) {}

  @HandleRequest(enrolmentRecover)
  recover(
    @Payload() request: z.output<typeof enrolmentRecover.request>,
  ): Promise<z.input<typeof enrolmentRecover.reply>> {
    return this.recovery.recover(request);
  }

  @HandleRequest(recoveryGet)
  async get(): Promise<z.input<typeof recoveryGet.reply>> {
    return { recovery: (await this.recovery.newest()) ?? null };
  }

  @HandleRequest(recoveryApprove)
  async approve(
    @Payload() { agentId, serial, ...decision }: z.output<typeof recoveryApprove.request>,
  ): Promise<z.input<typeof recoveryApprove.reply>> {
    await this.recovery.approve({ agentId, serial }, decision);
    return { agentId };
  }

  @HandleRequest(recoveryClose)
  close(@Payload() decision: z.output<typeof recoveryClose.request>): Promise<z.input<typeof recoveryClose.reply>> {
    return this.recovery.close(decision);
  }
}
