import {
  AgentAdmissionRepository,
  BrokerRepository,
  Database,
  RevocationFeedRepository,
  SiteReportRepository,
  TunnelRouteRepository,
  TunnelSessionRepository,
} from '@app/persistence';
import { CONFIG } from '@app/runtime';
import { Global, Module } from '@nestjs/common';
import type { BrokerConfig } from '../config.js';

const repositories = [
  AgentAdmissionRepository,
  BrokerRepository,
  RevocationFeedRepository,
  SiteReportRepository,
  TunnelRouteRepository,
  TunnelSessionRepository,
];

/** The pool under this app's login, and the tables and views it may use. */
@Global()
@Module({
  providers: [
    {
      provide: Database,
      inject: [CONFIG],
      useFactory: (config: BrokerConfig) =>
        new Database({
          url: config.ADIT_DATABASE_URL.reveal(),
          applicationName: 'tunnel-broker',
          statementTimeoutMs: 5_000,
        }),
    },
    ...repositories,
  ],
  exports: [Database, ...repositories],
})
export class DatabaseModule {}
