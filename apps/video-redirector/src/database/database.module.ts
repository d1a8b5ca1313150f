import { TunnelRouteRepository, ViewTicketUseRepository } from '@app/persistence';
import { CONFIG } from '@app/runtime';
import { Global, Module } from '@nestjs/common';
import type { RedirectorConfig } from '../config.js';
import { RedirectorDatabase } from './redirector.database.js';

const REPOSITORIES = [TunnelRouteRepository, ViewTicketUseRepository].map((repository) => ({
  provide: repository,
  useFactory: () => new repository(),
}));

@Global()
@Module({
  providers: [
    {
      provide: RedirectorDatabase,
      inject: [CONFIG],
      useFactory: (config: RedirectorConfig) => RedirectorDatabase.open(config.ADIT_DATABASE_URL.reveal()),
    },
    ...REPOSITORIES,
  ],
  exports: [RedirectorDatabase, ...REPOSITORIES],
})
export class DatabaseModule {}
