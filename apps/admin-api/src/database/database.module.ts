import {
  AgentViewRepository,
  BearerTokenRepository,
  Database,
  OperatorRepository,
  SiteRepository,
  TenantRepository,
  TunnelViewRepository,
  ViewTicketRepository,
} from '@app/persistence';
import { CONFIG } from '@app/runtime';
import { Global, Module } from '@nestjs/common';
import type { AdminConfig } from '../config.js';

const REPOSITORIES = [
  AgentViewRepository,
  BearerTokenRepository,
  OperatorRepository,
  SiteRepository,
  TenantRepository,
  TunnelViewRepository,
  ViewTicketRepository,
];

@Global()
@Module({
  providers: [
    {
      provide: Database,
      inject: [CONFIG],
      useFactory: (config: AdminConfig) =>
        Database.open({ url: config.ADIT_DATABASE_URL.reveal(), applicationName: 'admin-api' }),
    },
    ...REPOSITORIES,
  ],
  exports: [Database, ...REPOSITORIES],
})
export class DatabaseModule {}
