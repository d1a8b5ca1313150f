import { enrolmentRenew } from '@app/contracts';
import { HandleRequest } from '@app/runtime';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import type { z } from 'zod';
import { RenewalService } from './renewal.service.js';

@Controller()
export class RenewalHandler {
  constructor(private readonly renewal: RenewalService) {}

  @HandleRequest(enrolmentRenew)
  renew(@Payload() request: z.output<typeof enrolmentRenew.request>): Promise<z.input<typeof enrolmentRenew.reply>> {
    return this.renewal.renew(request);
  }
}
