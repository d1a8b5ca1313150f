import { brokerDisconnect, type BrokerDisconnect, brokerDrain, type BrokerDrain } from '@app/contracts';
import { HandleRequest } from '@app/runtime';
import { Controller, Inject, type Type } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { CommandService } from './command.service.js';

/** What operators ask of this very process: its subjects carry its id. */
export const commandHandler = (brokerId: string): Type => {
  @Controller()
  class CommandHandler {
    constructor(@Inject(CommandService) private readonly commands: CommandService) {}

    @HandleRequest(brokerDisconnect(brokerId))
    disconnect(@Payload() request: BrokerDisconnect): Promise<{ ended: number }> {
      return this.commands.disconnect(request);
    }

    @HandleRequest(brokerDrain(brokerId))
    drain(@Payload() request: BrokerDrain): Promise<{ sessions: number }> {
      return this.commands.drain(request);
    }
  }
  return CommandHandler;
};
