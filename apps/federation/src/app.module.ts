import { randomUUID } from 'node:crypto';
import { RuntimeModule } from '@app/runtime';
import { Module, type Type } from '@nestjs/common';
import { AlarmsModule } from './alarms/alarms.module.js';
import type { FederationConfig } from './config.js';
import { CommandsModule } from './commands/commands.module.js';
import { ConnectionsModule } from './connections/connections.module.js';
import { DatabaseModule } from './database/database.module.js';
import { EntitiesModule } from './entities/entities.module.js';
import { MediaModule } from './media/media.module.js';
import { RelayModule } from './relay/relay.module.js';
import { RolesModule } from './roles/roles.module.js';

/** The whole app for one configuration. */
export function appModule(config: FederationConfig): Type {
  @Module({
    imports: [
      RuntimeModule.forRoot('federation', config),
      DatabaseModule,
      RelayModule.forReplica(randomUUID()),
      EntitiesModule,
      ConnectionsModule,
      RolesModule,
      MediaModule,
      AlarmsModule,
      CommandsModule,
    ],
  })
  class AppModule {}
  return AppModule;
}
