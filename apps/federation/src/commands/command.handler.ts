import { cameraPtz, entityExecute, type PtzStatus } from '@app/contracts';
import { HandleRequest } from '@app/runtime';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import type { z } from 'zod';
import { CommandService } from './command.service.js';
import { PtzService } from './ptz.service.js';

@Controller()
export class CommandHandler {
  constructor(
    private readonly commands: CommandService,
    private readonly ptz: PtzService,
  ) {}

  @HandleRequest(entityExecute)
  execute(@Payload() request: z.output<typeof entityExecute.request>): Promise<z.input<typeof entityExecute.reply>> {
    return this.commands.execute(request);
  }

  @HandleRequest(cameraPtz)
  status(@Payload() request: z.output<typeof cameraPtz.request>): Promise<PtzStatus> {
    return this.ptz.status(request);
  }
}
