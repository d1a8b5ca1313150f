import { CONFIG, readPrivateKey, readPublicKeys } from '@app/runtime';
import { openCaTree } from '@app/pki';
import { Global, Module } from '@nestjs/common';
import { join } from 'node:path';
import type { IssuerConfig } from '../config.js';
import { Database } from '@app/persistence';
import { AuthorityHandler } from './authority.handler.js';
import { AuthorityService } from './authority.service.js';
import { BrokerNames } from './broker-names.js';
import { Seals } from './seals.js';

@Global()
@Module({
  controllers: [AuthorityHandler],
  providers: [
    {
      provide: AuthorityService,
      inject: [CONFIG, Database],
      useFactory: async (config: IssuerConfig, database: Database) => {
        const directory = join(config.ADIT_DATA_DIR, 'ca');
        const tree = await openCaTree(directory, config.ADIT_DEPLOYMENT, await database.now());
        const endpoints = config.ADIT_PUBLIC_ENDPOINTS;
        const publicNames = [...new Set(endpoints.map((endpoint) => endpoint.serverName))];
        const names = new BrokerNames(publicNames, config.ADIT_BROKER_NAMES);
        return new AuthorityService(tree, endpoints, names, database, config.ADIT_AGENT_CERTIFICATE_LIFE);
      },
    },
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
