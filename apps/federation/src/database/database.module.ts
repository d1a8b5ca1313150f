import {
  AlarmRepository,
  Database,
  EntityRepository,
  EventIntakeRepository,
  FederationRoleRepository,
  RoleLeaseRepository,
  SiteDirectoryRepository,
  TunnelRouteRepository,
} from '@app/persistence';
import { CONFIG } from '@app/runtime';
import { Global, Module } from '@nestjs/common';
import type { FederationConfig } from '../config.js';

const REPOSITORIES = [
  AlarmRepository,
  EntityRepository,
  EventIntakeRepository,
  FederationRoleRepository,
  RoleLeaseRepository,
  SiteDirectoryRepository,
  TunnelRouteRepository,
].map((repository) => ({ provide: repository, useFactory: () => new repository() }));

@Global()
@Module({
  providers: [
    {
      provide: Database,
      inject: [CONFIG],
      useFactory: (config: FederationConfig) =>
        Database.open({ url: config.ADIT_DATABASE_URL.reveal(), applicationName: 'federation' }),
    },
    ...REPOSITORIES,
  ],
  exports: [Database, ...REPOSITORIES],
})
export class DatabaseModule {}
