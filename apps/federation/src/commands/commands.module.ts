import { Database, RefusalLedger } from '@app/persistence';
import { LOGGER, type AppLogger } from '@app/runtime';
import { Module } from '@nestjs/common';
import { ConnectionsModule } from '../connections/connections.module.js';
import { CommandAudit } from './command.audit.js';
import { CommandHandler } from './command.handler.js';
import { CommandMetrics } from './command.metrics.js';
import { CommandService } from './command.service.js';
import { PtzService } from './ptz.service.js';

@Module({
  imports: [ConnectionsModule],
  controllers: [CommandHandler],
  providers: [
    {
      provide: RefusalLedger,
      inject: [Database, LOGGER],
      useFactory: (database: Database, logger: AppLogger) =>
        new RefusalLedger(database, {
          byActor: true,
          onError: (error) => logger.warn({ err: error }, 'a refused command is not on record'),
        }),
    },
    CommandAudit,
    CommandMetrics,
    CommandService,
    PtzService,
  ],
})
export class CommandsModule {}
