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

/** Less than the time after which a process counts as dead: the locks of one that hangs must not keep its roles from the others. */
const IDLE_TRANSACTION_MS = 3_000;

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
        Database.open({
          url: config.ADIT_DATABASE_URL.reveal(),
          applicationName: 'federation',
          idleTransactionMs: IDLE_TRANSACTION_MS,
        }),
    },
    ...REPOSITORIES,
  ],
  exports: [Database, ...REPOSITORIES],
})
export class DatabaseModule {}
