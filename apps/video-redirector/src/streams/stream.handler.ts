import { mediaMoved } from '@app/contracts';
import { HandleEvent } from '@app/runtime';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import type { z } from 'zod';
import { StreamResolver } from './stream.resolver.js';

@Controller()
export class StreamHandler {
  constructor(private readonly streams: StreamResolver) {}

  @HandleEvent(mediaMoved)
  moved(@Payload() { tenantId, siteLabel }: z.output<typeof mediaMoved.body>): void {
    this.streams.reopen(tenantId, siteLabel);
  }
}
