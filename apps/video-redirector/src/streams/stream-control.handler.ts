import { type EndStreamsRequest, redirectorEndStreams } from '@app/contracts';
import { HandleRequest } from '@app/runtime';
import { Controller, Inject, type Type } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { StreamControl } from './stream.control.js';

/** What operators ask of this very process: its subjects carry its id. */
export const streamControlHandler = (redirectorId: string): Type => {
  @Controller()
  class StreamControlHandler {
    constructor(@Inject(StreamControl) private readonly control: StreamControl) {}

    @HandleRequest(redirectorEndStreams(redirectorId))
    end(@Payload() request: EndStreamsRequest): Promise<{ ended: number }> {
      return this.control.end(request);
    }
  }
  return StreamControlHandler;
};
