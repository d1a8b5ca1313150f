import {
  EntityRepository,
  FederationRoleRepository,
  SiteDirectoryRepository,
  TunnelRouteRepository,
} from '@app/persistence';
import { CONFIG } from '@app/runtime';
import { Global, Module } from '@nestjs/common';
import type { FederationConfig } from '../config.js';
import { FederationDatabase } from './federation.database.js';

const REPOSITORIES = [EntityRepository, FederationRoleRepository, SiteDirectoryRepository, TunnelRouteRepository].map(
  (repository) => ({ provide: repository, useFactory: () => new repository() }),
);

@Global()
@Module({
  providers: [
    {
      provide: FederationDatabase,
      inject: [CONFIG],
      useFactory: (config: FederationConfig) => FederationDatabase.open(config.ADIT_DATABASE_URL.reveal()),
    },
    ...REPOSITORIES,
  ],
  exports: [FederationDatabase, ...REPOSITORIES],
})
export class DatabaseModule {}
