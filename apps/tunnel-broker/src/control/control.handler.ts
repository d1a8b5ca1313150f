import { brokerDisconnect, type BrokerDisconnect, brokerDrain, type BrokerDrain } from '@app/contracts';
import { HandleRequest } from '@app/runtime';
import { Controller, Inject, type Type } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { ControlService } from './control.service.js';

/** What operators ask of this very process: its subjects carry its id. */
export const controlHandler = (brokerId: string): Type => {
  @Controller()
  class ControlHandler {
    constructor(@Inject(ControlService) private readonly control: ControlService) {}

    @HandleRequest(brokerDisconnect(brokerId))
    disconnect(@Payload() request: BrokerDisconnect): Promise<{ ended: number }> {
      return this.control.disconnect(request);
    }

    @HandleRequest(brokerDrain(brokerId))
    drain(@Payload() request: BrokerDrain): Promise<{ sessions: number }> {
      return this.control.drain(request);
    }
  }
  return ControlHandler;
};
