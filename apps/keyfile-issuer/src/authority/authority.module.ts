import { CONFIG, LOGGER, readPrivateKey, readPublicKeys, type AppLogger } from '@app/runtime';
import { Global, Module } from '@nestjs/common';
import type { IssuerConfig } from '../config.js';
import { Database } from '@app/persistence';
import { AcknowledgementService } from './acknowledgement.service.js';
import { AuthorityHandler } from './authority.handler.js';
import { AuthorityMetrics } from './authority.metrics.js';
import { AuthorityService } from './authority.service.js';
import { AuthorityState } from './authority.state.js';
import { AuthorityViewer } from './authority.view.js';
import { AuthorityWatch } from './authority.watch.js';
import { BrokerNames } from './broker-names.js';
import { openAuthority } from './ca-keys.js';
import { RotationService } from './rotation.service.js';
import { Seals } from './seals.js';

@Global()
@Module({
  controllers: [AuthorityHandler],
  providers: [
    {
      provide: AuthorityState,
      inject: [CONFIG, Database],
      useFactory: openAuthority,
    },
    {
      provide: AuthorityService,
      inject: [CONFIG, AuthorityState, Database],
      useFactory: (config: IssuerConfig, state: AuthorityState, database: Database) => {
        const endpoints = config.ADIT_PUBLIC_ENDPOINTS;
        const publicNames = [...new Set(endpoints.map((endpoint) => endpoint.serverName))];
        const names = new BrokerNames(publicNames, config.ADIT_BROKER_NAMES);
        return new AuthorityService(state, endpoints, names, database, config.ADIT_AGENT_CERTIFICATE_LIFE);
      },
    },
    {
      provide: RotationService,
      inject: [AuthorityState, Database, LOGGER],
      useFactory: (state: AuthorityState, database: Database, logger: AppLogger) =>
        new RotationService(state, database, logger),
    },
    {
      provide: AuthorityViewer,
      inject: [AuthorityState, Database],
      useFactory: (state: AuthorityState, database: Database) => new AuthorityViewer(state, database),
    },
    {
      provide: AcknowledgementService,
      inject: [AuthorityState, Database],
      useFactory: (state: AuthorityState, database: Database) => new AcknowledgementService(state, database),
    },
    AuthorityMetrics,
    AuthorityWatch,
    {
      provide: Seals,
      inject: [CONFIG],
      useFactory: (config: IssuerConfig) => {
        const receiver = readPublicKeys(config.ADIT_PUBLIC_KEYS_FILE).seal['admin-api'];
        return new Seals(readPrivateKey(config.ADIT_SECRETS_DIR, 'seal.jwk'), receiver);
      },
    },
  ],
  exports: [AuthorityService, Seals],
})
export class AuthorityModule {}
