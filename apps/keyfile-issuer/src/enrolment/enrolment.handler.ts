import { enrolmentActivate, enrolmentRedeem } from '@app/contracts';
import { HandleRequest } from '@app/runtime';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import type { z } from 'zod';
import { ActivationService } from './activation.service.js';
import { EnrolmentService } from './enrolment.service.js';

@Controller()
export class EnrolmentHandler {
  constructor(
    private readonly enrolment: EnrolmentService,
    private readonly activation: ActivationService,
  ) {}

  @HandleRequest(enrolmentRedeem)
  redeem(@Payload() request: z.output<typeof enrolmentRedeem.request>): Promise<z.input<typeof enrolmentRedeem.reply>> {
    return this.enrolment.redeem(request);
  }

  @HandleRequest(enrolmentActivate)
  activate(
    @Payload() request: z.output<typeof enrolmentActivate.request>,
  ): Promise<z.input<typeof enrolmentActivate.reply>> {
    return this.activation.activate(request);
  }
}
