import { type DynamicModule, Global, Module } from '@nestjs/common';
import { OwnerRelay } from './owner-relay.js';
import { relayHandler } from './relay.handler.js';
import { REPLICA_ID } from './replica.js';

/** The other processes of federation, for the whole app. */
@Global()
@Module({})
export class RelayModule {
  static forReplica(replicaId: string): DynamicModule {
    return {
      module: RelayModule,
      controllers: [relayHandler(replicaId)],
      providers: [{ provide: REPLICA_ID, useValue: replicaId }, OwnerRelay],
      exports: [REPLICA_ID, OwnerRelay],
    };
  }
}
