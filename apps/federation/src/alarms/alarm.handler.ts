import { alarmAcknowledge } from '@app/contracts';
import { HandleRequest } from '@app/runtime';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import type { z } from 'zod';
import { AlarmService } from './alarm.service.js';

@Controller()
export class AlarmHandler {
  constructor(private readonly alarms: AlarmService) {}

  @HandleRequest(alarmAcknowledge)
  acknowledge(@Payload() request: z.output<typeof alarmAcknowledge.request>): Promise<object> {
    return this.alarms.acknowledge(request);
  }
}
