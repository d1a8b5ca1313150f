import {
  Database,
  RunningStreamRepository,
  StreamAccountStatusRepository,
  TunnelRouteRepository,
  ViewTicketUseRepository,
} from '@app/persistence';
import { CONFIG } from '@app/runtime';
import { Global, Module } from '@nestjs/common';
import type { RedirectorConfig } from '../config.js';

const REPOSITORIES = [
  RunningStreamRepository,
  StreamAccountStatusRepository,
  TunnelRouteRepository,
  ViewTicketUseRepository,
].map((repository) => ({ provide: repository, useFactory: () => new repository() }));

@Global()
@Module({
  providers: [
    {
      provide: Database,
      inject: [CONFIG],
      useFactory: (config: RedirectorConfig) =>
        Database.open({
          url: config.ADIT_DATABASE_URL.reveal(),
          applicationName: 'video-redirector',
          // A viewer waits for the answer: better a quick `unavailable` than a late one.
          connectTimeoutMs: 3_000,
          statementTimeoutMs: 3_000,
        }),
    },
    ...REPOSITORIES,
  ],
  exports: [Database, ...REPOSITORIES],
})
export class DatabaseModule {}
