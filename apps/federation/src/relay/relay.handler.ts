import { federationRelay, type Relayed } from '@app/contracts';
import { HandleRequest } from '@app/runtime';
import { Controller, type Type } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { OwnerRelay } from './owner-relay.js';

/** Answers what other processes ask of this very one: the subject carries its id. */
export const relayHandler = (replicaId: string): Type => {
  @Controller()
  class RelayHandler {
    constructor(private readonly relay: OwnerRelay) {}

    @HandleRequest(federationRelay(replicaId))
    answer(@Payload() request: Relayed): Promise<unknown> {
      return this.relay.answer(request);
    }
  }
  return RelayHandler;
};
